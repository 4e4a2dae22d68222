"""What a lint says about the actions that a runbook calls, each with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actions.registry import all_actions
from actions.settings import ActionsSettings
from runbooks.lint.actions import lint_actions
from tests.runbooks.build import parsed, phase, step
from tui.i18n import Language

if TYPE_CHECKING:
    from runbooks.lint.finding import Finding

TEAM = ActionsSettings.model_validate(
    {
        "add": [
            {
                "id": "shop.close",
                "title": "Close",
                "danger": "mitigate",
                "argv": ["ctl", "{region}"],
                "resource": "shop",
                "parameters": {"region": {"choices": ["eu", "us"]}, "key": {"secret": True}},
                "environment": {"KEY": "{key}"},
            }
        ]
    }
)


def findings(*lines: str) -> list[Finding]:
    """Of a block whose first line is line 10 of the file."""
    book = parsed(phase("do", step("a", "\n".join(["```action", *lines, "```"]))))
    assert not book.problems
    models = {name: action.parameters for name, action in all_actions(TEAM).items()}
    found = list(lint_actions(book.runbook, models))
    assert {each.confidence for each in found} <= {"certain"}
    assert {each.file for each in found} <= {"book.md"}
    return found


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["id: queue.throttle", "task: shop.fetch", "rate: 20/m"], []),
        (["rate: 20/m", "task: <the task that retries>", "id: queue.throttle"], []),
        (["id: shop.close", "region: eu", "key: <the key>"], []),
        (["id: queue.throtle", "rate: 20/m"], [(10, "unknown-action")]),
        (["id: queue.throttle", "rate: 20/m"], [(10, "action-parameter")]),
        (["rate: 20/m", "id: queue.throttle", "task: x", "tsk: y"], [(13, "action-parameter")]),
        (["id: queue.throttle", "task: x", "rate: 20/m", "why: <why>"], [(13, "action-parameter")]),
        (["id: queue.throttle", "task: x", "rate: fast"], [(12, "action-parameter")]),
        (["id: queue.throttle", "task: --all", "rate: 20/m"], [(11, "option-lookalike")]),
        (["id: shop.close", "region: mars", "key: <the key>"], [(11, "action-parameter")]),
        (["id: shop.close", "region: eu", "key: hunter2"], [(12, "literal-secret")]),
    ],
)
def test_a_call_is_held_to_its_action(lines: list[str], expected: list[tuple[int, str]]) -> None:
    assert [(found.line, found.rule) for found in findings(*lines)] == expected


def test_the_nearest_name_is_told_and_a_secret_is_not() -> None:
    words = Language()
    (unknown,) = findings("id: queue.throtle")
    assert unknown.fix is not None
    assert "queue.throttle" in words.say(unknown.fix)
    (secret,) = findings("id: shop.close", "region: eu", "key: hunter2")
    assert "hunter2" not in words.say(secret.message)
