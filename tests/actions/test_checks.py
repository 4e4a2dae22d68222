"""Whom a check before or after an action may ask: whom `warroom.toml` names, not whom a team's profile names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actions.check_settings import CheckSettings
from actions.checks import verifications
from actions.runner.request import RunSettings, read_settings, settings_for_pipe
from actions.service_settings import read_profile_actions
from actions.settings import ActionsSettings, BlocksSettings
from incidents.settings import JournalSettings
from signals.settings import SignalsSettings
from tests.actions.build import context
from tests.runbooks.checks.test_permission import SECRET, server
from tui.i18n import Language

if TYPE_CHECKING:
    from pathlib import Path

CHECK = """probe = "http"
url = "{url}/health"
headers = ["Authorization: ${{OWN_TOKEN}}"]
expect = "status 200"
"""


def profile(folder: Path, url: str) -> ActionsSettings:
    """The actions of a team's profile, which comes with a repository."""
    file = folder / "actions.toml"
    file.write_text(
        f'[switches.shop]\nfile.path = "flags.env"\npositions = {{on = {{A = "1"}}, off = {{A = "0"}}}}\n[[switches.shop.verify]]\n{CHECK.format(url=url)}'
        f"[[staged_return.refusals]]\n{CHECK.format(url=url)}"
    )
    actions, problems = read_profile_actions(file)
    assert problems == ()
    return ActionsSettings().over(actions)


@pytest.mark.parametrize("place", ["switch", "staged return"])
def test_a_team_profile_sends_no_secret_to_whom_the_configuration_does_not_name(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OWN_TOKEN", SECRET)
    with server() as (url, heard):
        actions = profile(tmp_path, url)
        spec = actions.switches["shop"].verify[0] if place == "switch" else actions.staged_return.refusals[0]
        (refused,) = verifications([spec.check()], context(settings=actions))
        assert (refused.ok, heard) == (None, [])
        assert "does not let OWN_TOKEN go to" in Language("en").say(refused.text)
        blocks = BlocksSettings.model_validate({"secrets": {"OWN_TOKEN": [url]}})
        named = actions.model_copy(update={"blocks": blocks})
        (sent,) = verifications([spec.check()], context(settings=named))
        assert sent.ok
        assert SECRET.encode() in heard[0]


def test_a_team_profile_can_not_say_that_its_checks_are_the_configurations(tmp_path: Path) -> None:
    file = tmp_path / "actions.toml"
    check = CHECK.format(url="http://127.0.0.1:9")
    file.write_text(f"[[staged_return.refusals]]\n{check}of_team_profile = false\n")
    _, (problem,) = read_profile_actions(file)
    assert (problem.line, problem.key) == (6, "staged_return.refusals.0.of_team_profile")
    assert problem.what.key == "config.unknown"


def test_the_runner_knows_that_a_check_is_a_team_profiles(tmp_path: Path) -> None:
    settings = RunSettings(
        service="shop",
        environment="test",
        signals=SignalsSettings(),
        actions=profile(tmp_path, "http://127.0.0.1:9"),
        journal=JournalSettings(),
    )
    there = read_settings(settings_for_pipe(settings)).actions
    assert not there.switches["shop"].verify[0].check().bundled
    assert not there.staged_return.refusals[0].check().bundled


def test_what_a_check_of_a_profile_says_is_harmless() -> None:
    """It is shown in the plan, and a profile may come with any repository."""
    check = CheckSettings(promql="up\x1b]0;owned\x07{job='\x1b[31mapp'}", expect="> 0").check()
    assert check.promql == "up{job='app'}"
    headers = CheckSettings(
        probe="http", url="http://a\x1b[2J", headers=("X-A: \x1b[31mb",), expect="status 200"
    )
    assert headers.check().parameters == {"url": "http://a", "headers": ("X-A: b",)}


def test_a_check_that_is_longer_than_any_block_is_none() -> None:
    with pytest.raises(ValueError, match="too-large"):
        CheckSettings(promql="x" * 30_000, expect="> 0")


def test_the_configuration_itself_names_whom_its_checks_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWN_TOKEN", SECRET)
    with server() as (url, heard):
        check = {
            "probe": "http",
            "url": url,
            "headers": ["Authorization: ${OWN_TOKEN}"],
            "expect": "status 200",
        }
        own = {
            "id": "shop.look",
            "title": "Look",
            "danger": "observe",
            "argv": ["/bin/true"],
            "verify": [check],
        }
        settings = ActionsSettings.model_validate({"add": [own]})
        (sent,) = verifications([each.check() for each in settings.add[0].verify], context(settings=settings))
    assert sent.ok
    assert len(heard) == 1
