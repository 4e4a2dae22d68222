"""PromQL of the bill: which price is in force, and how a pack is laid under what the configuration says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from panels.costs.expressions import amount, price_of, spend
from panels.costs.settings import PACKS, CostsSettings, Price, packs, read_pack
from signals.metrics.promql import evaluate
from tests.panels.costs.pages import RingSource
from tui.config.load import check_config
from tui.i18n import Language

if TYPE_CHECKING:
    from pathlib import Path

PRICES = {
    "*": Price(input=1, output=1),
    "gpt-*": Price(input=2, output=2),
    "gpt-4": Price(input=4, output=4),
    "gpt-4*": Price(input=3, output=3),
    "a.b?[c]": Price(input=9, output=9),
}


@pytest.mark.parametrize(
    ("model", "usd"),
    [("gpt-4", 4), ("gpt-4o", 3), ("gpt-3.5", 2), ("claude", 1), ("a.b?[c]", 9), ("aXb?[c]", 1), ("", 1)],
)
def test_the_most_particular_price_is_in_force_in_code_and_in_promql(model: str, usd: float) -> None:
    price = price_of(model, PRICES)
    assert price is not None
    assert price.input == usd
    costs = CostsSettings.model_validate(
        {
            "input_tokens": [{"metric": "tokens", "model": "llm"}],
            "prices": {k: dict(v) for k, v in PRICES.items()},
        }
    )
    source = RingSource(
        f'tokens{{llm="{model}"}} 0 1000\ntokens{{llm="{model}"}} 6000000 1060\n# EOF\n', 1060
    )
    answer = evaluate(spend(costs, "2m", "model"), source._ring, 1060)
    labels = dict(answer.series[0].labels)
    assert labels == ({"model": model} if model else {})
    assert answer.series[0].values[0] == pytest.approx(6 * usd, rel=0.2)


def test_of_several_counters_the_first_with_data_is_asked() -> None:
    costs = CostsSettings.model_validate(
        {
            "spend": [
                {"metric": "a_total", "model": "model"},
                {"metric": "b_total", "model": "m", "mode": "mode"},
            ]
        }
    )
    both = "".join(
        f"{name} {value} {at}\n"
        for name in ('b_total{m="x",mode="y"}',)
        for at, value in ((1000, 0), (1060, 6))
    )
    source = RingSource(both + "# EOF\n", 1060)

    def labels(by: str) -> list[dict[str, str]]:
        return [dict(series.labels) for series in evaluate(spend(costs, "2m", by), source._ring, 1060).series]  # type: ignore[arg-type]

    assert (labels(""), labels("model"), labels("mode")) == ([{}], [{"model": "x"}], [{"mode": "y"}])
    assert amount(costs.spend, "1h", "mode").count("increase") == 1, "the first has no such label"


@pytest.mark.parametrize("name", packs())
def test_a_pack_that_comes_with_the_program_is_right(name: str) -> None:
    settings, problems = read_pack(PACKS / f"{name}.toml")
    assert not problems
    assert settings.input_tokens
    assert len(settings.input_tokens) == len(settings.output_tokens)


def config(folder: Path, text: str) -> Path:
    path = folder / "warroom.toml"
    path.write_text(text)
    return path


def test_what_the_configuration_says_goes_before_the_pack_key_by_key(tmp_path: Path) -> None:
    text = """
[service]
profile = "chimera"
[costs]
monthly_budget_usd = 250
prices."gemini-2.5-pro" = { input = 2, output = 9 }
levers.cache.hits = 0.8
"""
    found, problems = check_config(config(tmp_path, text))
    assert not problems
    assert found is not None
    costs = found.costs
    assert (costs.monthly_budget_usd, costs.rule) == (250, "MonthlyBudgetProjectedToExceed")
    assert (costs.prices["gemini-2.5-pro"].output, costs.prices["claude-haiku-4-5*"].output) == (9, 5)
    assert (costs.levers.cache.hits, costs.levers.cache.action) == (0.8, "degrade.set")
    (cost,) = (spec for spec in found.board() if spec.id == "cost")
    assert cost.budget is not None
    assert (cost.budget.monthly_usd, cost.queries[1].warn) == (250, 250)


def test_the_budget_of_a_profile_is_that_of_its_panel(tmp_path: Path) -> None:
    found, _ = check_config(config(tmp_path, '[service]\nprofile = "chimera"\n'))
    assert found is not None
    assert found.costs.monthly_budget_usd == 100
    generic, _ = check_config(config(tmp_path, '[costs]\npack = "litellm"\n'))
    assert generic is not None
    assert generic.costs.monthly_budget_usd is None


def test_the_older_place_of_the_budget_goes_before_the_profile(tmp_path: Path) -> None:
    found, _ = check_config(
        config(tmp_path, '[service]\nprofile = "chimera"\n[panels]\nmonthly_budget_usd = 70\n')
    )
    assert found is not None
    assert found.costs.monthly_budget_usd == 70
    (cost,) = (spec for spec in found.board() if spec.id == "cost")
    assert cost.budget is not None
    assert cost.budget.monthly_usd == 70


def test_a_pack_gives_anybody_a_panel_of_costs(tmp_path: Path) -> None:
    without, _ = check_config(config(tmp_path, ""))
    with_pack, problems = check_config(
        config(tmp_path, '[costs]\npack = "litellm"\ntime_zone = "Europe/Berlin"\n')
    )
    assert not problems
    assert without is not None
    assert with_pack is not None
    assert "cost" not in [spec.id for spec in without.board()]
    (cost,) = (spec for spec in with_pack.board() if spec.id == "cost")
    assert cost.budget is not None
    assert "litellm_spend_metric_total" in cost.budget.spend
    assert cost.budget.time_zone == "Europe/Berlin"
    assert [query.name for query in cost.queries] == ["per hour", "per analysis", "cache hits", "by model"]
    assert not any("$" in query.expr.replace('"$1"', "") for query in cost.queries)
    prices = '[costs]\npack = "otel-genai"\nprices."*" = { input = 1, output = 1 }\n'
    without_cache, problems = check_config(config(tmp_path, prices))
    assert not problems
    assert without_cache is not None
    (cost,) = (spec for spec in without_cache.board() if spec.id == "cost")
    assert [query.name for query in cost.queries] == ["per hour", "per analysis", "by model"], (
        "nobody counts hits"
    )


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ('[costs]\npack = "lite"', 2, "litellm, otel-genai"),
        ('[costs]\ntime_zone = "Mars/Base"', 2, "no such time zone"),
        ("[costs]\nspend = [{ metric = 'a b' }]", 2, "has to match"),
        ("[costs]\nmonthly_budget = 3", 2, "monthly_budget_usd"),
        ("[costs]\npack = 'own.toml'", 3, "did you mean 'spend'?"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    (tmp_path / "own.toml").write_text("# a team's\n\nspent = []\n")
    _, problems = check_config(config(tmp_path, text))
    assert [problem.line for problem in problems] == [line]
    assert what in Language("en").say(problems[0].what)
