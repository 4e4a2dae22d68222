"""A profile is read from its folder, and a mistake in it is named with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ConfigError
from panels.settings import read_board
from profiles.profile import BUNDLED, bundled, check_profile, load_profile, profile_folder, recognised
from tests.chimera import BOARD, PROFILE
from tui.config.load import check_config
from tui.i18n import Language

SAY = Language("en").say


def test_chimera_has_what_the_manual_says() -> None:
    assert bundled() == ("chimera", "generic")
    assert PROFILE.queues == ("matches", "ai", "default")
    assert PROFILE.migrations == BUNDLED.parent / "migrations" / "service"
    assert PROFILE.migrations is not None
    assert any(PROFILE.migrations.rglob("*_user_profiles.py"))
    ban = next(panel for panel in BOARD if panel.id == "ban").queries[0]
    assert (ban.forecast, "[10m]" in ban.expr) == (10_000, True)


def test_what_a_profile_does_not_say_is_empty() -> None:
    generic = load_profile(BUNDLED / "generic")
    assert (generic.queues, generic.migrations, generic.runbooks, generic.metric_prefix) == (
        (),
        None,
        None,
        "",
    )
    assert generic.board is not None
    assert [panel.id for panel in read_board(generic.board)[0]] == [
        "alerts",
        "queues",
        "database",
        "cost",
    ]


@pytest.mark.parametrize(
    ("name", "text", "line", "what"),
    [
        ("profile.toml", 'title = "Shop"\nquues = ["a"]\n', 2, "did you mean 'queues'?"),
        ("profile.toml", 'title = "Shop"\nqueues = "a"\n', 2, "has to be a list"),
        ("profile.toml", 'title = "Shop"\n= 1\n', 2, "not valid TOML"),
        ("profile.toml", 'title = "Shop"\nmigrations = "none"\n', 2, "no such folder"),
        ("actions.toml", 'checkout = "."\nread_only = true\n', 2, "unknown"),
        ("board.toml", '[[panel]]\nid = "a"\ntitle = "A"\nkidn = "metric"\n', 4, "did you mean 'kind'?"),
        ("board.toml", '[[panel]]\nid = "a"\ntitle = "A"\nchart = "b"\n', 4, "known here: -"),
        (
            "board.toml",
            '[[panel]]\nid = "a"\ntitle = "A"\n[[panel.queries]]\nname = "n"\n',
            1,
            "needs its expr",
        ),
    ],
)
def test_a_mistake_is_named_with_file_and_line(
    tmp_path: Path, name: str, text: str, line: int, what: str
) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "profile.toml").write_text('title = "Shop"\n')
    (folder / name).write_text(text)
    config = tmp_path / "warroom.toml"
    config.write_text('service.profile = "shop"\n')
    _, problems = check_config(config)
    assert [(problem.file.name, problem.line) for problem in problems] == [(name, line)]
    assert what in SAY(problems[0].message())


def test_a_profile_says_what_its_actions_need_and_the_configuration_goes_before_it(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "profile.toml").write_text('title = "Shop"\n')
    switch = '[switches.{}]\nredis = {{}}\npositions = {{ on = {{ "{}" = "1" }}, off = {{}} }}\n'
    (folder / "actions.toml").write_text(
        'checkout = "/srv/shop"\n' + switch.format("a", "theirs") + switch.format("b", "theirs")
    )
    config = tmp_path / "warroom.toml"
    config.write_text(
        'service.profile = "shop"\n' + switch.format("b", "own").replace("[switches", "[actions.switches")
    )
    checked, problems = check_config(config)
    assert (checked is not None, problems) == (True, ())
    assert checked is not None
    actions = checked.actions
    assert str(actions.checkout) == "/srv/shop"
    assert {name: switch.all_keys() for name, switch in actions.switches.items()} == {
        "a": ("theirs",),
        "b": ("own",),
    }


def test_a_profile_that_is_nowhere_is_a_problem_of_the_configuration(tmp_path: Path) -> None:
    config = tmp_path / "warroom.toml"
    config.write_text('[service]\nprofile = "chimaera"\n')
    found, (problem,) = check_config(config)
    assert (found, problem.line, problem.key) == (None, 2, "service.profile")
    assert "chimera, generic" in SAY(problem.what)


def test_a_folder_of_ones_own_is_found_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "ops" / "shop").mkdir(parents=True)
    assert profile_folder("ops/shop", tmp_path) is None, "there is no profile.toml yet"
    (tmp_path / "ops" / "shop" / "profile.toml").write_text('title = "Shop"\n')
    assert profile_folder("ops/shop", tmp_path) == tmp_path / "ops" / "shop"
    assert check_profile(tmp_path / "ops" / "shop")[1] == ()
    with pytest.raises(ConfigError):
        load_profile(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("metrics", "queues", "name"),
    [
        (["up", "chimera_request_total"], [], "chimera"),
        ([], ["matches", "ai", "default"], "chimera"),
        (["up", "shop_orders_total"], ["celery", "default"], None),
        ([], ["ai"], None),
    ],
)
def test_a_system_is_recognised_by_its_metrics_or_by_all_its_queues(
    metrics: list[str], queues: list[str], name: str | None
) -> None:
    profile = recognised(metrics, queues)
    assert (profile.id if profile else None) == name
