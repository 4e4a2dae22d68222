"""A team's own action: values are arguments and nothing else, whatever they look like."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from actions.errors import ActionFailed, BadParameter
from actions.parameters import MASK, read_parameters
from actions.planning import make_plan
from actions.registry import find_action
from actions.settings import ActionsSettings
from tests.actions.build import context

ECHO = [
    sys.executable,
    "-c",
    "import json,os,sys; print(json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]))",
]


def settings(**fields: Any) -> ActionsSettings:
    own = {
        "id": "shop.close",
        "title": "Close the shop",
        "danger": "mitigate",
        "argv": [*ECHO, "{name}", "--till={name}"],
        "parameters": {"name": {"pattern": "(?s).*"}},
        "resource": "shop/{name}",
        "undo": [*ECHO, "open", "{name}"],
    }
    return ActionsSettings.model_validate({"add": [own | fields]})


@pytest.mark.parametrize(
    "value",
    ["$(touch x)", "a; rm -rf /", "`id`", "a b", "* ?", "[bold]x[/bold]", "{name}", "名", "'\"\\", "%s"],
)
def test_what_looks_like_shell_or_markup_is_one_argument(value: str) -> None:
    action = find_action(settings(), "shop.close")
    params, printed = read_parameters(action.parameters, {"name": value}), list[str]()
    plan = make_plan(action, params, context())
    action.run(params, plan, context(printed))
    argv, _, cwd = json.loads(printed[0])
    assert argv == [value, f"--till={value}"]
    assert cwd == "/"
    assert plan.steps[0].argv[-2:] == (value, f"--till={value}")


@pytest.mark.parametrize(
    "value", ["--option", "-x", "\x1b[31mred", "a\x00b", "a\nb", "\u202eevil", "\x9b31m", " ax "]
)
def test_what_could_be_an_option_or_steer_a_terminal_is_refused(value: str) -> None:
    action = find_action(settings(), "shop.close")
    with pytest.raises(BadParameter) as refused:
        read_parameters(action.parameters, {"name": value})
    assert refused.value.message.key == "actions.parameter_wrong"
    assert value.strip() not in str(refused.value.message)


def test_a_dash_may_be_allowed() -> None:
    action = find_action(
        settings(parameters={"name": {"pattern": ".*", "may_begin_with_dash": True}}), "shop.close"
    )
    assert read_parameters(action.parameters, {"name": "-1"}).shown() == {"name": "-1"}


@pytest.mark.parametrize(
    ("parameter", "value", "fits"),
    [
        ({"pattern": "[a-z]+"}, "abc", True),
        ({"pattern": "[a-z]+"}, "abc1", False),
        pytest.param(
            {"pattern": "(a+)+b"}, "a" * 3000, False, id="backtracking"
        ),  # no backtracking: an answer, not hours
        ({"choices": ["eu", "us"]}, "eu", True),
        ({"choices": ["eu", "us"]}, "e", False),
    ],
)
def test_pattern_and_choices(parameter: dict[str, Any], value: str, fits: bool) -> None:  # noqa: FBT001  # a table
    action = find_action(settings(parameters={"name": parameter}), "shop.close")
    if fits:
        assert read_parameters(action.parameters, {"name": value})
        return
    with pytest.raises(BadParameter):
        read_parameters(action.parameters, {"name": value})


def test_a_secret_reaches_the_environment_and_is_never_shown() -> None:
    own = settings(
        argv=ECHO,
        parameters={"token": {"secret": True}},
        environment={"SHOP_TOKEN": "{token}", "MODE": "fast"},
        resource="shop",
        undo="",
    )
    action = find_action(own, "shop.close")
    params, printed = read_parameters(action.parameters, {"token": "hunter2-hunter2"}), list[str]()
    plan = make_plan(action, params, context())
    assert "hunter2" not in repr(plan)
    assert plan.steps[0].environment == (("MODE", "fast"), ("SHOP_TOKEN", MASK))
    action.run(params, plan, context(printed))
    _, environment, _ = json.loads(printed[0])
    assert environment["SHOP_TOKEN"] == "hunter2-hunter2"
    assert "PYTEST_CURRENT_TEST" not in environment
    assert params.secrets() == ("hunter2-hunter2",)


@pytest.mark.parametrize(
    "fields",
    [
        {"argv": [*ECHO, "{other}"]},
        {"argv": ["{name}"]},
        {"parameters": {"name": {"secret": True}}},  # it stands in argv
        {"parameters": {"name": {}}},
        {"parameters": {"name": {"pattern": "("}}},
        {"resource": ""},
        {"danger": "destructive"},
        {"id": "no"},
        {"verify": [{"probe": "http", "expect": "status 200"}]},
        {"verify": [{"promql": "up", "expect": "good"}]},
    ],
)
def test_a_description_that_can_not_work_is_a_mistake_of_the_configuration(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**fields)


def test_a_program_that_fails_or_is_not_there_fails_the_run() -> None:
    for argv in ([sys.executable, "-c", "raise SystemExit(3)"], ["/nonexistent/program"]):
        action = find_action(settings(argv=argv, parameters={}, resource="x", undo=""), "shop.close")
        params = read_parameters(action.parameters, {})
        with pytest.raises(ActionFailed):
            action.run(params, make_plan(action, params, context()), context())


def test_it_is_taken_back_by_its_own_undo() -> None:
    own = settings()
    action = find_action(own, "shop.close")
    plan = make_plan(action, read_parameters(action.parameters, {"name": "a"}), context())
    assert plan.undo.call is not None
    undo, printed = find_action(own, plan.undo.call.id), list[str]()
    params = read_parameters(undo.parameters, dict(plan.undo.call.params))
    undo.run(params, make_plan(undo, params, context()), context(printed))
    assert json.loads(printed[0])[0] == ["open", "a"]


def test_a_check_that_is_not_measured_blocks() -> None:
    own = settings(preflight=[{"promql": "up", "expect": "== 1"}])
    action = find_action(own, "shop.close")
    plan = make_plan(action, read_parameters(action.parameters, {"name": "a"}), context())
    assert plan.blockers
