"""The configuration changes the board by name, and a name that names nothing is an error with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from panels.settings import PanelsSettings, board
from panels.spec import PanelSpec
from tests.chimera import BOARD
from tui.config.load import check_config
from tui.i18n import Language


def spec(identifier: str, **settings: object) -> PanelSpec:
    return next(
        one for one in board(PanelsSettings.model_validate(settings), BOARD, ()) if one.id == identifier
    )


def test_limits_and_targets_change_by_name_and_leave_the_rest() -> None:
    changed = spec("slo", limits={"slo": {"P95": {"warn": 3}}}, targets={"slo": {"availability": 0.99}})
    p95 = next(query for query in changed.queries if query.name == "P95")
    assert (p95.warn, p95.burning) == (3, 15)
    assert [one.target for one in changed.objectives] == [0.99, 0.95]
    assert spec("slo").objectives[0].target == 0.999, "the built-in board stays as it is"


def test_the_budget_is_one_number() -> None:
    cost = spec("cost", monthly_budget_usd=40)
    assert cost.budget is not None
    assert cost.budget.monthly_usd == 40
    limits = {query.name: query.warn for query in cost.queries}
    assert limits["per month at this rate"] == 40
    assert limits["per analysis"] == 0.05


def test_a_panel_without_an_interval_of_its_own_has_that_of_the_configuration() -> None:
    own = PanelSpec(id="own", title="Own", interval_s=7)
    plain = PanelSpec(id="plain", title="Plain")
    by_id = {spec.id: spec.interval_s for spec in board(PanelsSettings(add=(own, plain)), BOARD, (), 20)}
    assert (by_id["own"], by_id["plain"]) == (7, 20)
    assert (by_id["alerts"], by_id["cost"]) == (20, 30), "the built-in ones, too"


def test_panels_stand_in_the_order_that_is_asked_for_each_once() -> None:
    settings = PanelsSettings(show=("cost", "slo", "cost"), add=(PanelSpec(id="mine", title="Mine"),))
    assert [one.id for one in board(settings, BOARD, ())] == ["cost", "slo"]
    assert len(board(PanelsSettings(), BOARD, ())) == 8


@pytest.mark.parametrize(
    ("text", "line", "key", "what"),
    [
        ('[panels]\nshow = ["slo", "coast"]', 2, "panels.show.1", "did you mean 'cost'?"),
        ('[panels]\nshow = ["zzz"]', 2, "panels.show.0", "known here: slo, alerts, queues"),
        ("[panels.limits.slow]\nP95 = { warn = 1 }", 1, "panels.limits.slow", "did you mean 'slo'?"),
        ("[panels.limits.slo]\nP59 = { warn = 1 }", 2, "panels.limits.slo.P59", "did you mean 'P95'?"),
        (
            "[panels.targets.slo]\navailable = 0.9",
            2,
            "panels.targets.slo.available",
            "did you mean 'availability'?",
        ),
        ("[panels.targets.slo]\navailability = 99.9", 2, "panels.targets.slo.availability", "less than 1"),
        ("[panels]\nmonthly_budget_usd = 0", 2, "panels.monthly_budget_usd", "greater than 0"),
        ('[[panels.add]]\nid = "x"\ntitle = "X"\nchart = "y"', 4, "panels.add.0.chart", "known here: -"),
    ],
)
def test_a_wrong_name_is_found_with_its_line(
    tmp_path: Path, text: str, line: int, key: str, what: str
) -> None:
    path = tmp_path / "warroom.toml"
    path.write_text(f'{text}\n[service]\nprofile = "chimera"\n')
    _, problems = check_config(path)
    assert [(one.line, one.key) for one in problems] == [(line, key)]
    assert what in Language("en").say(problems[0].what)


def test_an_added_panel_may_be_shown(tmp_path: Path) -> None:
    path = tmp_path / "warroom.toml"
    path.write_text(
        'service.profile = "chimera"\n[panels]\nshow = ["mine", "slo"]\n[[panels.add]]\nid = "mine"\ntitle = "Mine"\n'
    )
    config, problems = check_config(path)
    assert not problems
    assert config is not None
    assert [one.id for one in config.board()] == ["mine", "slo"]
