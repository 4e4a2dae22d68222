"""Lint of scenarios: names that name nothing, times that can't be, oracles that nobody can meet; each with its line."""

from __future__ import annotations

import pytest

from actions.registry import own_actions
from drills.faults.registry import faults
from drills.oracles.registry import oracle_kinds
from drills.scenarios.lint import Known, lint_scenario
from drills.scenarios.read import read_scenario

KNOWN = Known(
    faults=faults(),
    actions={name: action.parameters for name, action in own_actions().items()},
    steps={"latency": ("look", "degrade")},
    kinds=tuple(oracle_kinds()),
    chaos={"chaos-llm-latency": "[1-9][0-9]{0,5}", "slow-search": None},
)
VALID = """\
id: slow
title: {en: Slow, zh: 慢}
about: {en: It is slow, zh: 很慢}
runbook: latency
where: any
limit_s: 600
steady:
  - id: quick
    check: {promql: p95, expect: < 3}
timeline:
  - at_s: 10
    for_s: 300
    fault: chaos-llm-latency
    params:
      ms: 3000
signals:
  - id: shown
    within_s: 60
    check:
      promql: p95
      expect: > 3
oracles:
  - id: noticed
    kind: acknowledged
    title: {en: Noticed, zh: 已发现}
    by_s: 60
  - id: mended
    kind: order
    title: {en: Mended, zh: 已修复}
    any_of:
      - action: queue.hold
        params:
          queue: ai
      - step: latency/degrade
    after: [noticed]
recovered:
  - id: quick-again
    check: {promql: p95, expect: < 3}
autopilot:
  good:
    - do: open
      when: shown:shown
    - do: run
      when: met:noticed
      action: queue.hold
      params:
        queue: $queue
    - do: step
      step: latency/look
"""


def findings(text: str) -> list[tuple[int, str]]:
    return [(each.line, each.rule) for each in lint_scenario(read_scenario(text, "slow.yaml"), KNOWN)]


def test_what_is_right_is_clean() -> None:
    assert findings(VALID) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "rule"),
    [
        ("fault: chaos-llm-latency", "fault: chaos-llm-late", 13, "unknown-fault"),
        ("ms: 3000", "msec: 3000", 15, "fault-parameter"),
        ("ms: 3000", "ms: slow", 15, "fault-parameter"),
        ("at_s: 10", "at_s: 700", 11, "beyond-limit"),
        ("for_s: 300", "for_s: 595", 12, "fault-outlasts"),
        ("within_s: 60", "within_s: 601", 18, "beyond-limit"),
        ("by_s: 60", "by_s: 601", 26, "beyond-limit"),
        ("kind: acknowledged", "kind: noticed", 24, "unknown-oracle"),
        ("after: [noticed]", "after: [notice]", 35, "unknown-after"),
        ("    after: [noticed]\n", "", 28, "oracle-incomplete"),
        ("by_s: 60", "by_s: 60\n    after: [mended]", 27, "oracle-cycle"),
        (
            "action: queue.hold\n        params:\n          queue: ai",
            "action: queue.holds",
            31,
            "unknown-action",
        ),
        ("queue: ai", "queues: ai", 33, "action-parameter"),
        ("queue: ai", "queue: --all", 33, "option-lookalike"),
        ("step: latency/degrade", "step: latency/degraded", 34, "unknown-step"),
        ("step: latency/degrade", "step: latenzy/degrade", 34, "unknown-runbook"),
        ("step: latency/degrade", "step: degrade", 34, "unknown-step"),
        ("step: latency/degrade", "step: latency/degrade\n        action: queue.hold", 34, "way"),
        ("runbook: latency", "runbook: late", 4, "unknown-runbook"),
        ("when: shown:shown", "when: shown:noticed", 42, "unknown-when"),
        ("when: shown:shown", "when: soon", 42, "unknown-when"),
        ("queue: $queue", "queue: $queue\n        que: $queue", 48, "action-parameter"),
        ("      params:\n        queue: $queue\n", "", 45, "action-parameter"),
        ("step: latency/look", "step: latency/looks", 49, "unknown-step"),
        ("id: quick-again", "id: quick", 37, "duplicate-id"),
        ("promql: p95\n", "promql: p95{\n", 19, "promql-syntax"),
        ("where: any", "where: configured", 0, ""),
        ("where: any", "where: nowhere", 5, "scenario-value"),
    ],
)
def test_a_mistake_has_its_line(old: str, new: str, line: int, rule: str) -> None:
    assert old in VALID
    assert findings(VALID.replace(old, new, 1)) == ([(line, rule)] if rule else [])


def test_a_fault_of_the_sandbox_is_none_for_a_configured_system() -> None:
    text = VALID.replace("where: any", "where: configured").replace("chaos-llm-latency", "redis-stopped")
    assert (13, "sandbox-fault") in findings(text)


@pytest.mark.parametrize(
    ("where", "fault", "params", "expected"),
    [
        ("configured", "slow-search", "", []),
        ("any", "slow-search", "", []),
        ("sandbox", "slow-search", "", [(13, "unknown-fault")]),
        ("configured", "slow-serch", "", [(13, "unknown-fault")]),
        ("configured", "chaos-redis-down", "", [(13, "sandbox-fault")]),
        ("configured", "slow-search", "value: 5", [(15, "fault-parameter")]),
        ("configured", "chaos-llm-latency", "value: 3000", []),
        ("configured", "chaos-llm-latency", "value: fast", [(15, "fault-parameter")]),
        ("configured", "chaos-llm-latency", "value: 3000\n      more: 1", [(16, "fault-parameter")]),
    ],
)
def test_a_configured_system_has_the_faults_of_its_configuration(
    where: str, fault: str, params: str, expected: list[tuple[int, str]]
) -> None:
    text = VALID.replace("where: any", f"where: {where}").replace(
        "fault: chaos-llm-latency", f"fault: {fault}"
    )
    own = f"params:\n      {params}\n" if params else "params: {}\n"
    text = text.replace("params:\n      ms: 3000\n", own)
    lines = [
        each for each in findings(text) if each[1] in ("unknown-fault", "sandbox-fault", "fault-parameter")
    ]
    assert lines == expected
