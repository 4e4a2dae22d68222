"""Faults of a configuration: refused where they may not be, and taken back to exactly what stood there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from actions.catalogue.chaos_inject import ACTION as INJECT
from actions.catalogue.chaos_inject import Inject
from actions.catalogue.chaos_lift import ACTION as LIFT
from actions.catalogue.chaos_lift import Lift
from actions.chaos_settings import is_production
from actions.errors import BadParameter
from actions.parameters import read_parameters
from actions.planning import make_plan
from actions.settings import ActionsSettings
from tests.actions.build import context

if TYPE_CHECKING:
    from pathlib import Path

    from actions.model import Context

SLOW = {
    "blast": "whoever asks waits longer",
    "file": {"path": ".env"},
    "set": {"SLOW_MS": "3000"},
    "value": "[1-9][0-9]{0,5}",
}
BEFORE = "# kept\nSLOW_MS=5\nOTHER=1\n"


@pytest.fixture
def on(tmp_path: Path) -> Context:
    (tmp_path / ".env").write_text(BEFORE)
    settings = {"checkout": tmp_path, "chaos": {"slow": SLOW}}
    return context(settings=ActionsSettings.model_validate(settings))


@pytest.mark.parametrize("value", ["", "900"])
def test_a_fault_goes_back_to_what_stood_there(on: Context, tmp_path: Path, value: str) -> None:
    params = Inject(fault="slow", value=value)
    plan = make_plan(INJECT, params, on)
    assert (plan.danger, plan.blockers, plan.lasts_s) == ("destructive", (), 600.0)
    assert next(text.values.get("text") for text in plan.warnings) == SLOW["blast"], (
        "who feels it stands first"
    )
    INJECT.run(params, plan, on)
    assert (tmp_path / ".env").read_text() == BEFORE.replace("=5", f"={value or 3000}")
    assert all(check.ok for check in INJECT.verify(params, plan, on))
    assert plan.undo.call is not None
    assert plan.undo.call.id == "chaos.lift"
    back = read_parameters(Lift, plan.undo.call.params)
    LIFT.run(back, make_plan(LIFT, back, on), on)
    assert (tmp_path / ".env").read_text() == BEFORE


def test_lifting_without_knowing_what_stood_there_leaves_nothing(on: Context, tmp_path: Path) -> None:
    params = Lift(fault="slow")
    LIFT.run(params, make_plan(LIFT, params, on), on)
    assert (tmp_path / ".env").read_text() == "# kept\nOTHER=1\n"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ("prod", True),
        ("Production", True),
        ("live", True),
        ("prod-eu", True),
        ("eu_live", True),
        ("staging", False),
        ("preprod", False),
        ("delivery", False),
        ("product-test", False),
    ],
)
def test_production_is_refused_unless_the_configuration_allows_it(
    on: Context, environment: str, *, expected: bool
) -> None:
    assert is_production(environment) is expected
    there = replace(on, environment=environment)
    assert [m.key for m in make_plan(INJECT, Inject(fault="slow"), there).blockers] == (
        ["actions_chaos.production"] if expected else []
    )
    allowed = replace(there, allow_chaos=True)
    assert make_plan(INJECT, Inject(fault="slow"), allowed).blockers == ()
    assert make_plan(LIFT, Lift(fault="slow"), there).blockers == (), "lifting is never refused"


def test_a_fault_that_is_there_already_is_not_injected_over_itself(on: Context, tmp_path: Path) -> None:
    """Its undo would put back a fault."""
    (tmp_path / ".env").write_text("SLOW_MS=3000\n")
    plan = make_plan(INJECT, Inject(fault="slow"), on)
    assert [m.key for m in plan.blockers] == ["actions_chaos.already"]


@pytest.mark.parametrize("params", [{"fault": "other"}, {"fault": "slow", "value": "fast; rm"}])
def test_what_is_not_configured_is_refused_by_name(on: Context, params: dict[str, str]) -> None:
    with pytest.raises(BadParameter):
        make_plan(INJECT, read_parameters(Inject, params), on)
