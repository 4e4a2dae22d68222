"""A runbook in our own format is read whole, and what is broken in it is told with its line."""

from __future__ import annotations

import gc
import time

import pytest
from markdown_it.tree import SyntaxTreeNode

from runbooks.model import Command, Paragraph
from runbooks.reading.read import MAX_CHARACTERS, Parsed, read_runbook
from signals.metrics.trend import Direction

WHOLE = """\
---
id: cloudflare-ban
title: Cloudflare ban near
severity: SEV2
alerts: [DiscordInvalidRequestsHigh, BanNear]
panels: ban
---

What this is about.

## Stop the storm <!-- id: stop -->

One person alone throttles.

- [ ] **!** Throttle the `analyze` task <!-- id: throttle -->

  Why it matters, and
  what to look at.

  ```sh
  celery control rate_limit tasks.analyze 20/m
  ```

  **Expect:** every worker answers.
  **Undo**: the same with `100/m`.

  ```check
  promql: 60 * sum(rate(invalid_total[5m]))
  expect: falling
  unit: 1/min
  within: 2m
  window: 15m
  ```
- [ ] Look around <!-- id: look -->

  - at the queue
  - at the workers

> The IC confirms. <!-- pause -->

## Keep it from happening again <!-- id: prevent prevention -->

- [ ] Give every retry a budget <!-- id: budget -->

  ```action
  id: queue.throttle
  rate: 20/m
  ```
"""


def read(text: str) -> Parsed:
    return read_runbook(text, "book.md", "en")


def told(text: str) -> list[tuple[int, str]]:
    """Line and rule of every problem."""
    return [(one.line, one.rule) for one in read(text).problems]


def with_step(block: str, *, head: str = "---\nid: a\ntitle: A\n---\n") -> str:
    """A runbook whose one step holds `block`; its first line is line 9."""
    inside = "".join(f"  {line}\n" for line in block.split("\n"))
    return f"{head}\n## Do <!-- id: do -->\n- [ ] Step <!-- id: step -->\n\n{inside}"


def test_a_whole_runbook_is_read_without_a_problem() -> None:
    parsed = read(WHOLE)
    book = parsed.runbook
    assert parsed.problems == ()
    assert (book.id, book.title, book.severity, book.language, book.plain) == (
        "cloudflare-ban",
        "Cloudflare ban near",
        "SEV2",
        "en",
        False,
    )
    assert (book.alerts, book.panels) == (("DiscordInvalidRequestsHigh", "BanNear"), ("ban",))
    assert book.intro == (Paragraph("What this is about."),)
    stop, prevent = book.phases
    assert (stop.id, stop.number, stop.title, stop.line) == ("stop", "1", "Stop the storm", 11)
    assert (stop.pause, stop.prevention, stop.intro) == (
        "The IC confirms.",
        False,
        (Paragraph("One person alone throttles."),),
    )
    assert (prevent.id, prevent.pause, prevent.prevention) == ("prevent", "", True)
    assert book.prevention() == ("Give every retry a budget",)
    assert [(step.number, step.id, step.killer, step.line) for step in book.steps()] == [
        ("1.1", "throttle", True, 15),
        ("1.2", "look", False, 34),
        ("2.1", "budget", False, 43),
    ]


def test_no_tree_of_a_runbook_waits_for_the_garbage_collector() -> None:
    """It comes seldom, and a library's trees are megabytes."""
    gc.collect()
    gc.disable()
    try:
        read_runbook(WHOLE, "ban.md", "en")
        read_runbook("# Foreign\n\nText.\n", "foreign.md", "en")
        assert not [node for node in gc.get_objects() if isinstance(node, SyntaxTreeNode)]
    finally:
        gc.enable()


def test_a_step_holds_its_prose_command_roles_check_and_action() -> None:
    throttle, look, budget = read(WHOLE).runbook.steps()
    assert throttle.text == "Throttle the `analyze` task"
    why, command, expect, undo, check = throttle.blocks
    assert why == Paragraph("Why it matters, and what to look at.")
    assert command == Command("celery control rate_limit tasks.analyze 20/m", 21, "sh")
    assert (expect, undo) == (
        Paragraph("every worker answers.", "expect"),
        Paragraph("the same with `100/m`.", "undo"),
    )
    assert throttle.checks == (check,)
    measured = throttle.checks[0]
    assert measured.promql == "60 * sum(rate(invalid_total[5m]))"
    assert (measured.line, measured.unit, measured.within_s, measured.window_s) == (28, "1/min", 120, 900)
    assert (measured.expect.kind, measured.expect.direction) == ("trend", Direction.FALLING)
    assert look.blocks == (Paragraph("- at the queue"), Paragraph("- at the workers"))
    assert (budget.actions[0].id, dict(budget.actions[0].parameters)) == ("queue.throttle", {"rate": "20/m"})


def test_what_an_action_asks_for_is_told_apart_from_what_is_written() -> None:
    (call,) = next(
        read(
            with_step("```action\nid: arena.lock\nqueues: [a, b]\nversion: <the new patch>\n```")
        ).runbook.steps()
    ).actions
    assert (call.id, dict(call.parameters)) == ("arena.lock", {"queues": "a,b"})
    assert dict(call.asks) == {"version": "the new patch"}
    assert call.lines["version"] == call.lines["id"] + 2


@pytest.mark.parametrize(
    ("info", "danger", "rules"),
    [
        ("sh", "destructive", []),
        ("sh danger=mitigate", "mitigate", []),
        ("sh danger=observe", "observe", []),
        ("sh danger=none", "destructive", ["block-danger"]),
        ("sh danger=", "destructive", ["block-danger"]),
    ],
)
def test_a_block_says_how_dangerous_it_is(info: str, danger: str, rules: list[str]) -> None:
    book = read(with_step(f"```{info}\ntrue\n```"))
    (command,) = next(book.runbook.steps()).commands
    assert (command.language, command.danger) == ("sh", danger)
    assert [problem.rule for problem in book.problems] == rules


def test_a_step_is_found_by_its_id_and_by_its_number() -> None:
    book = read(WHOLE).runbook
    assert book.step("look") is book.step("1.2")
    assert book.step("1.9") is None


def test_chinese_lines_are_joined_without_a_blank_and_its_roles_are_known() -> None:
    book = read(
        with_step("先看\n队列，再看 `ai`\nworker。\n\n**预期：** 全部回答。\n\n**撤销：** 改回 `100/m`。")
    ).runbook
    assert next(book.steps()).blocks == (
        Paragraph("先看队列，再看 `ai` worker。"),
        Paragraph("全部回答。", "expect"),
        Paragraph("改回 `100/m`。", "undo"),
    )


@pytest.mark.parametrize(
    ("written", "operator", "value"),
    [("> 5", ">", 5), (">= 0.99", ">=", 0.99), ("!= 0", "!=", 0), ("== 0", "==", 0), ("< 5 %", "<", 0.05)],
)
def test_an_expectation_means_what_it_says_although_yaml_reads_it_otherwise(
    written: str, operator: str, value: float
) -> None:
    parsed = read(with_step(f"```check\npromql: up\nexpect: {written}\n```"))
    assert parsed.problems == ()
    expect = next(parsed.runbook.steps()).checks[0].expect
    assert (expect.operator, expect.text) == (operator, written)
    assert expect.value == pytest.approx(value)


@pytest.mark.parametrize(
    "title", ["Cloudflare ban: a storm", "'Quoted: yes'", "What's up", "#42 & more", "> 10 s"]
)
def test_a_title_needs_no_quotes(title: str) -> None:
    parsed = read(f"---\nid: a\ntitle: {title}\n---\n")
    assert (parsed.problems, parsed.runbook.title) == ((), title.strip("'") if title[0] == "'" else title)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("---\nid: a\ntitle: A\nalert: [X]\n---\n", [(4, "unknown-key-near")]),
        ("---\nid: a\ntitle: A\nseverity: SEV9\n---\n", [(4, "bad-severity")]),
        ("---\nid: A b\ntitle: A\n---\n", [(2, "bad-id")]),
        ("---\nid: a\n---\n", [(1, "no-title")]),
        ("---\nid: a\ntitle: A\nid: b\n---\n", [(4, "yaml-twice")]),
        ("---\nid: a\ntitle: A\nalerts: [[[x]]]\n---\n", [(4, "yaml-nested")]),
        ("---\nid: a\ntitle: A\nalerts: [x\n---\n", [(5, "yaml-broken")]),
        ("---\nid: a\ntitle: A\nalerts: [&x a, *x]\n---\n", [(4, "yaml-alias")]),
        (
            "---\nid: a\ntitle: A\n\n## Do <!-- id: do -->\n",
            [(1, "no-id"), (1, "no-title"), (1, "open-front-matter")],
        ),
        ("---\nid: a\ntitle: A\n---\n## Do\n- [ ] Step\n", [(5, "no-phase-id"), (6, "no-step-id")]),
        ("---\nid: a\ntitle: A\n---\n- [ ] Step <!-- id: s -->\n", [(5, "step-outside")]),
        (
            "---\nid: a\ntitle: A\n---\n## Do <!-- id: do -->\n- [ ] x <!-- id: x -->\n- [ ] y <!-- id: x -->\n",
            [(7, "duplicate-id")],
        ),
        ("---\nid: a\ntitle: A\n---\n## Do <!-- id: Do_1 -->\n", [(5, "bad-id")]),
        (
            "---\nid: a\ntitle: A\n---\n## Do <!-- id: do -->\n> Stop. <!-- pause -->\n\n- [ ] x <!-- id: x -->\n",
            [(8, "step-after-pause")],
        ),
        ("---\nid: a\ntitle: A\n---\n> Stop. <!-- pause -->\n", [(5, "pause-outside")]),
        pytest.param(with_step("- [ ] inner"), [(9, "nested-step")], id="nested step"),
        pytest.param(with_step("<!-- include: other -->"), [(9, "include-inside")], id="include inside"),
    ],
)
def test_what_is_broken_is_told_with_its_line(text: str, problems: list[tuple[int, str]]) -> None:
    assert sorted(told(text)) == sorted(problems)


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        ("expect: < 5", (9, "check-what")),
        ("promql: up\nprobe: queue\nexpect: < 5", (9, "check-what")),
        ("promql: up", (10, "check-missing-expect")),
        ("promql: up\nexpect: below 5", (11, "check-expect")),
        ("promql: up\nexpect: status 200", (11, "check-kind")),
        ("probe: workers\nexpect: falling", (11, "check-kind")),
        ("probe: http\nurl: http://x\nexpect: some", (12, "check-kind")),
        ("probe: http\nexpect: status 200", (10, "check-missing")),
        ("probe: dns\nexpect: status 200", (10, "check-probe")),
        ("promql: up\nexpect: < 5\nunit: apples", (12, "check-unit")),
        ("promql: up\nexpect: < 5\nwithin: soon", (12, "check-duration")),
        ("promql: up\nexpect: < 5\nwindw: 5m", (12, "unknown-key-near")),
        ("promql: up\nexpect: < 5\nurl: http://x", (12, "unknown-key")),
        ("promql: [a, {b: c}]\nexpect: < 5", (10, "yaml-nested")),
        ("- a", (10, "yaml-no-mapping")),
        ("promql: up\n expect: [", (11, "yaml-broken")),
        pytest.param("promql: " + "[" * 5000, (10, "yaml-too-deep"), id="5000 brackets"),
        pytest.param("promql: " + "x" * 21_000, (10, "long-line"), id="21 000 characters"),
    ],
)
def test_a_broken_check_is_told_with_its_line_and_the_step_still_opens(
    block: str, problem: tuple[int, str]
) -> None:
    parsed = read(with_step(f"```check\n{block}\n```"))
    assert problem in {(one.line - (problem[1] == "check-what"), one.rule) for one in parsed.problems}
    assert next(parsed.runbook.steps()).id == "step"


def test_both_of_two_steps_with_one_id_can_be_ticked() -> None:
    book = read(
        "---\nid: a\ntitle: A\n---\n## Do <!-- id: do -->\n- [ ] x <!-- id: x -->\n- [ ] y <!-- id: x -->\n"
    ).runbook
    assert [step.id for step in book.steps()] == ["x", "x-2"]


def test_one_broken_line_of_the_front_matter_does_not_cost_the_runbook_its_name() -> None:
    book = read("---\nid: queue-stuck\ntitle: Queue stuck\nalerts: [x\n---\n## Look\n").runbook
    assert (book.id, book.title, book.plain) == ("queue-stuck", "Queue stuck", False)


def test_a_yaml_bomb_ends_at_once_at_its_line() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(20)
    )
    assert (11, "yaml-alias") in told(with_step(f"```check\n{bomb}```"))


@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\u200f", "\x1b[2J", "\x07", "\x9b31m", "\u200b"])
def test_signs_that_move_or_reorder_text_are_taken_out_and_told(sign: str) -> None:
    text = with_step(f"Type this: {sign}rm\n\n```sh\necho {sign}x\n```")
    assert told(text) == [(9, "sign"), (12, "sign")]
    (prose, command) = next(read(text).runbook.steps()).blocks
    assert isinstance(prose, Paragraph)
    assert isinstance(command, Command)
    assert (prose.text, command.text) == ("Type this: rm", "echo x")


def test_signs_written_as_entities_do_not_come_through_either() -> None:
    (prose,) = next(read(with_step("a&#x202e;b&#x2066;c")).runbook.steps()).blocks
    assert prose == Paragraph("abc")


def test_a_file_of_five_megabytes_is_refused_at_once() -> None:
    text = WHOLE + "x" * 5_000_000
    assert told(text)[0] == (1, "too-large")
    assert len(text) > MAX_CHARACTERS


def test_a_line_without_end_is_cut_before_the_parser_is_lost_in_it() -> None:
    began = time.perf_counter()
    assert told(with_step("[" * 400_000)) == [(9, "long-line")]
    assert time.perf_counter() - began < 40  # uncut it takes a minute: brackets are tried against each other


def test_line_ends_of_windows_and_a_byte_order_mark_change_nothing() -> None:
    other = read("\ufeff" + WHOLE.replace("\n", "\r\n"))
    assert other.problems == ()
    assert other.runbook == read(WHOLE).runbook
