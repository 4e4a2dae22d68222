"""The profile that a configuration chooses: what it fills in, what it leaves alone, and what there is without one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import redis

from tests.chimera import BOARD, MANUALS, PROFILE
from tests.exporter import depth_exporter
from tests.profiles.test_names import names
from tests.tui.config.test_config import warroom
from tui.app import Warroom
from tui.config.load import load_config, load_manuals
from tui.config.model import Config
from tui.i18n import Language
from tui.screens.page import Page

SOURCES = """
[signals.redis]
url = "redis://127.0.0.1:1/0"
[signals.postgres]
url = "postgresql://u@127.0.0.1:1/d"
[signals.scrape]
targets = [{ url = "http://127.0.0.1:1/metrics" }]
"""


def configured(folder: Path, text: str) -> Config:
    file = folder / "warroom.toml"
    file.write_text(text, encoding="utf-8")
    return load_config(file)


def test_a_profile_fills_in_what_the_file_does_not_say(tmp_path: Path) -> None:
    config = configured(tmp_path, f'service.profile = "chimera"\n{SOURCES}')
    signals = config.signals
    assert signals.redis is not None
    assert signals.postgres is not None
    assert signals.scrape is not None
    assert config.service.name == "chimera"
    assert signals.redis.queues == PROFILE.queues
    assert (signals.postgres.migrations, signals.postgres.tables) == (PROFILE.migrations, PROFILE.tables)
    assert signals.scrape.job == "chimera_app"
    assert config.runbooks.folders == (MANUALS,)
    assert [panel.id for panel in config.board()] == [panel.id for panel in BOARD]


def test_what_the_file_says_is_in_force(tmp_path: Path) -> None:
    own = SOURCES.replace("/0", '/0"\nqueues = ["own"]\nkey_prefix = "').replace(
        "/d", '/d"\nalembic_ini = "a.ini'
    )
    config = configured(
        tmp_path,
        f'[service]\nprofile = "chimera"\nname = "mine"\n{own}[runbooks]\nfolders = ["books"]\n'
        '[panels]\nshow = ["slo", "own"]\nlimits.slo.P95.warn = 3\n[[panels.add]]\nid = "own"\ntitle = "Own"\n',
    )
    assert config.service.name == "mine"
    assert config.signals.redis is not None
    assert config.signals.postgres is not None
    assert config.signals.redis.queues == ("own",)
    assert (config.signals.postgres.migrations, config.signals.postgres.tables) == (None, {})
    assert config.runbooks.folders == (MANUALS, tmp_path / "books"), "the later one wins"
    slo, _ = config.board()
    assert next(query.warn for query in slo.queries if query.name == "P95") == 3


def test_a_profile_opens_no_source(tmp_path: Path) -> None:
    assert configured(tmp_path, 'service.profile = "chimera"\n').signals.configured() == frozenset()


def test_without_a_profile_the_board_is_what_the_sources_can_tell(tmp_path: Path) -> None:
    everything = configured(tmp_path, SOURCES)
    assert [panel.id for panel in everything.board()] == ["alerts", "queues", "database"]
    assert everything.signals.redis is not None
    assert everything.signals.postgres is not None
    assert (everything.signals.redis.queues, everything.signals.postgres.migrations) == ((), None)
    assert configured(tmp_path, "").board() == ()
    broker = '[signals.redis]\nurl = "redis://127.0.0.1:1/0"\n'
    assert [panel.id for panel in configured(tmp_path, broker).board()] == ["queues"]
    asked = f'{broker}[panels]\nshow = ["database"]\n'
    assert [panel.id for panel in configured(tmp_path, asked).board()] == ["database"], "by name it is shown"


def test_a_team_has_a_profile_of_its_own(tmp_path: Path, redis_url: str) -> None:
    """Its board, its limits, its queues and its runbooks, with nothing of anybody else."""
    shop = tmp_path / "ops" / "shop"
    (shop / "runbooks" / "en").mkdir(parents=True)
    (shop / "profile.toml").write_text('title = "Shop"\nservice_name = "shop"\nqueues = ["orders", "mail"]\n')
    (shop / "board.toml").write_text(
        '[[panel]]\nid = "carts"\ntitle = "Carts"\ninterval_s = 1\n'
        'queries = [{ name = "open", unit = "count", expr = "depth", warn = 5, burning = 10 }]\n'
        '[[panel]]\nid = "queues"\ntitle = "Queues"\nkind = "queues"\nchart = "waiting"\n'
        'queries = [{ name = "waiting", unit = "count", warn = 1, burning = 2 }]\n'
    )
    (shop / "runbooks" / "en" / "carts.md").write_text(
        "---\nid: carts\ntitle: Carts stay open\n---\n## Do <!-- id: do -->\n- [ ] look <!-- id: look -->\n"
    )
    file = tmp_path / "warroom.toml"
    with depth_exporter(7) as (address, _), redis.Redis.from_url(redis_url) as broker:
        broker.lpush("orders", 1, 2, 3)
        broker.lpush("mail", 1)
        file.write_text(
            f'service.profile = "ops/shop"\n[signals.scrape]\ntargets = [{{ url = "{address}" }}]\n'
            f'[signals.redis]\nurl = "{redis_url}"\n[signals.celery]\nfollow = false\n'
        )
        done = warroom("status", "--json", "--config", str(file), folder=tmp_path)
    panels = {panel["id"]: panel for panel in json.loads(done.stdout)["panels"]}
    assert {name: panel["verdict"] for name, panel in panels.items()} == {
        "carts": "warn",
        "queues": "burning",
    }
    assert done.returncode == 1
    waiting = {one["name"]: one["value"] for one in panels["queues"]["readings"]}
    assert waiting == {"orders waiting": 3, "mail waiting": 1}
    listed = warroom("runbook", "list", "--config", str(file), folder=tmp_path)
    assert listed.stdout.split() == ["carts", "–", "Carts", "stay", "open"]


@pytest.mark.parametrize(
    "command", [("status",), ("status", "--json"), ("runbook", "list"), ("config", "show")]
)
def test_without_a_profile_no_command_offers_anything_of_one(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    file = tmp_path / "warroom.toml"
    file.write_text(SOURCES)
    done = warroom(*command, "--config", str(file), folder=tmp_path)
    told = done.stdout + done.stderr
    assert names().search(told.replace(str(tmp_path), "")) is None
    if command[0] == "status":
        assert done.returncode == 2


def test_a_configuration_that_watches_nothing_says_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "warroom.toml"
    file.write_text("")
    done = warroom("status", "--config", str(file), folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "[service] profile" in done.stderr
    assert "[service] profile" in warroom("runbook", "list", "--config", str(file), folder=tmp_path).stderr
    assert "[service] profile" in warroom("config", "check", "--config", str(file), folder=tmp_path).stderr


async def test_a_board_that_watches_nothing_says_so_and_is_not_starting(tmp_path: Path) -> None:
    file = tmp_path / "warroom.toml"
    file.write_text("")
    app = Warroom(lambda: load_config(file), Language("en"))
    async with app.run_test(size=(80, 24)) as pilot:
        for _ in range(200):
            await pilot.pause(0.05)
            if app.nothing_asked:
                break
        screen = app.screen
        assert isinstance(screen, Page)
        lines = [line.plain for line in screen.body(80, 20, 0.0)]
        assert "nothing is watched" in lines[0]
        assert "warroom init" in " ".join(lines)
        assert app.notice is None


def test_a_panel_of_a_profile_that_is_not_chosen_says_what_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "warroom.toml"
    file.write_text('[panels]\nshow = ["slo"]\n')
    done = warroom("status", "--config", str(file), folder=tmp_path)
    assert done.returncode == 3
    assert "Without [service] profile" in done.stderr


@pytest.mark.parametrize("broken", ["[runbooks]\nfolders = 7\n", "[["])
def test_the_manuals_of_the_profile_open_although_the_file_is_wrong(tmp_path: Path, broken: str) -> None:
    file = tmp_path / "warroom.toml"
    file.write_text(f'[service]\nprofile = "chimera"\n{broken}')
    assert load_manuals(file).runbooks.folders == (MANUALS,)
    done = warroom("runbook", "show", "key-leak", "--plain", "--config", str(file), folder=tmp_path)
    assert (done.returncode, "key-leak" in done.stdout) == (0, True)


def test_init_proposes_a_profile_only_where_it_recognises_one(tmp_path: Path) -> None:
    for name, rule, expected in (
        ("theirs", "shop_orders_total > 5", ""),
        ("ours", "chimera_x_total > 5", "chimera"),
    ):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "rules.yml").write_text(f"groups:\n- name: g\n  rules:\n  - alert: A\n    expr: {rule}\n")
        file = folder / "warroom.toml"
        done = warroom("init", "--path", str(file), folder=folder)
        assert done.returncode == 0, done.stderr
        config = load_config(file)
        assert (config.service.profile, config.service.name) == (expected, name)
        if not expected:
            assert names().search(file.read_text() + done.stdout + done.stderr) is None


def test_the_doctor_proposes_the_profile_whose_metrics_are_exported(tmp_path: Path) -> None:
    from tui.doctor.queries import _profile

    words = Language("en")
    (found,) = _profile(Config(), frozenset({"chimera_request_total"}), words)
    assert (found.ok, "profile = 'chimera'" in found.fix) == (False, True)
    (other,) = _profile(Config(), frozenset({"shop_total"}), words)
    assert (other.ok, names().search(other.what)) == (True, None)
    assert (
        _profile(configured(tmp_path, 'service.profile = "generic"\n'), frozenset({"chimera_x"}), words) == []
    )
