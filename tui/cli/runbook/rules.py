"""What `warroom runbook lint --rules` and `--explain RULE` print: which rules hold a manual against its repository, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import WarroomError
from core.message import say
from core.text import clean
from repolint.registry import rules
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repolint.registry import Rule
    from tui.cli.command import Invocation


def list_rules(invocation: Invocation) -> int:
    """A line a rule, or everything about all of them as JSON."""
    if invocation.json:
        invocation.print_json([_as_json(rule, invocation) for rule in rules()])
        return ExitCode.OK
    for rule in rules():
        invocation.print_line(_line(rule, invocation))
    return ExitCode.OK


def explain(rule_id: str, invocation: Invocation) -> int:
    """Title, why, and both examples of one rule; raises `WarroomError` for one that is not there."""
    rule = next((rule for rule in rules() if rule.id == rule_id), None)
    if rule is None:
        raise WarroomError(say("runbook.no_rule", rule=clean(rule_id, 60)))
    words = invocation.words
    if invocation.json:
        invocation.print_json(_as_json(rule, invocation))
        return ExitCode.OK
    invocation.print_line(_line(rule, invocation))
    invocation.print_line(words.say(rule.why))
    for key, files in (("runbook.example_bad", rule.bad), ("runbook.example_good", rule.good)):
        invocation.print_line("")
        invocation.print_line(words.text(key))
        for line in _example(files):
            invocation.print_line(line)
    return ExitCode.OK


def _line(rule: Rule, invocation: Invocation) -> str:
    words = invocation.words
    sure = ", ".join(words.text(f"runbook.confidence_{confidence}") for confidence in rule.confidence)
    key = "runbook.rule_live" if rule.live else "runbook.rule"
    return words.text(key, rule=rule.id, title=words.say(rule.title), confidence=sure)


def _as_json(rule: Rule, invocation: Invocation) -> dict[str, object]:
    return {
        "id": rule.id,
        "title": invocation.words.say(rule.title),
        "why": invocation.words.say(rule.why),
        "confidence": list(rule.confidence),
        "live": rule.live,
        "bad": dict(rule.bad),
        "good": dict(rule.good),
    }


def _example(files: Mapping[str, str]) -> list[str]:
    lines = []
    for name, text in files.items():
        lines += [f"  {name}", *(f"    {line}".rstrip() for line in text.expandtabs(8).splitlines())]
    return lines
