"""A new value stands everywhere or nowhere, works before it is written, and the old one is proven dead or not known to be."""

from __future__ import annotations

import stat
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from actions.catalogue import secrets_prove, secrets_rotate
from actions.errors import ActionFailed, ActionRefused, BadParameter
from actions.parameters import read_parameters
from actions.planning import make_plan
from actions.secrets.places import PlaceError
from actions.settings import ActionsSettings
from core.message import say
from tests.actions.build import context
from tests.actions.secrets.planted import riot_key
from tests.actions.secrets.providers import Providers, providers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from actions.model import AnyAction, Context, Outcome, Plan, Verification

SINK = "import os,sys; f=open(sys.argv[1],'wb'); f.write(sys.stdin.buffer.read())"


class Desk:
    """A service with one Riot key, which stands in its `.env`, and what was printed about it."""

    def __init__(self, folder: Path, servers: Providers, old: str) -> None:
        self.folder, self.servers, self.old = folder, servers, old
        self.printed: list[str] = []
        self.hidden: list[str] = []
        self.env = folder / "service.env"
        self.env.write_text(f"# keys\nRIOT_API_KEY='{old}'\nOTHER=1\n")
        self.env.chmod(0o640)

    def context(self, *write: dict[str, Any], restart: tuple[Any, ...] = (), **more: Any) -> Context:
        places = write or ({"env_file": str(self.env)},)
        secret = {
            "variable": "RIOT_API_KEY",
            "prove": self.servers.proof("riot"),
            "write": places,
            "restart": restart,
            **more,
        }
        settings = ActionsSettings.model_validate({"secrets": {"riot": secret}})
        made = context(self.printed, settings=settings)
        return replace(made, folder=self.folder / "ours", hide=self.hidden.append)

    def rotate(self, desk: Context, **params: str) -> tuple[Plan, Outcome, tuple[Verification, ...]]:
        return run_whole(secrets_rotate.ACTION, desk, {"secret": "riot", **params})


def run_whole(
    action: AnyAction, desk: Context, params: dict[str, str]
) -> tuple[Plan, Outcome, tuple[Verification, ...]]:
    """As the runner does it."""
    read = read_parameters(action.parameters, params)
    plan = make_plan(action, read, desk)
    if plan.blockers:
        raise ActionRefused(plan.blockers[0])
    outcome = action.run(read, plan, desk)
    return plan, outcome, action.verify(read, plan, desk)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    old = riot_key()
    with providers(riot=old) as servers:
        yield Desk(tmp_path, servers, old)


def test_from_the_portal_to_the_proof_and_no_way_back(desk: Desk, tmp_path: Path) -> None:
    """The old key ends in the portal, the new one is written and restarted for; nothing but the files has either."""
    new = desk.servers.outside.keys.regenerate("riot")
    link, sink, told = tmp_path / "link.env", tmp_path / "vault", tmp_path / "told"
    link.symlink_to(desk.env)
    made = desk.context(
        {"env_file": str(link)},
        {"command": [sys.executable, "-c", SINK, str(sink)]},
        {"secret_file": str(tmp_path / "token")},
        restart=(["touch", str(told)],),
    )
    plan, outcome, seen = desk.rotate(made, value=new)
    assert desk.env.read_text() == f"# keys\nRIOT_API_KEY='{new}'\nOTHER=1\n"
    assert link.is_symlink()
    assert stat.S_IMODE(desk.env.stat().st_mode) == 0o640
    assert sink.read_text() == (tmp_path / "token").read_text().rstrip("\n") == new
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
    assert told.exists()
    by_text = {(each.text.key, str(each.text.values.get("which", ""))): each.ok for each in seen}
    assert [ok for (key, _), ok in by_text.items() if key == "secrets.is_accepted"] == [True]
    assert [ok for (key, _), ok in by_text.items() if key == "secrets.is_refused"] == [True]
    assert {new, desk.old} <= set(desk.hidden)
    shown = repr(plan) + repr(outcome) + repr(seen) + repr(made) + "".join(desk.printed)
    assert not [value for value in (new, desk.old) if value in shown]
    assert outcome.undo is not None
    assert outcome.undo.call is not None
    with pytest.raises(ActionRefused) as refused:
        desk.rotate(made, **{n: v for n, v in outcome.undo.call.params.items() if n != "secret"})
    assert refused.value.message.key == "secrets.undo_refused"
    backups = [path for path in (tmp_path / "ours/secrets/backups").rglob("*") if path.is_file()]
    assert [stat.S_IMODE(path.stat().st_mode) for path in backups] == [0o600]
    assert desk.old in backups[0].read_text()


class Both:
    """A provider that ends no key by itself."""

    def __init__(self, *keys: str) -> None:
        self.keys = keys

    def accepts(self, _: str, headers: Any) -> bool:
        return headers.get("X-Riot-Token") in self.keys


def test_while_the_old_value_works_it_can_be_taken_back(desk: Desk) -> None:
    new = riot_key()
    desk.servers.outside.keys = Both(desk.old, new)  # type: ignore[assignment]  # it has the one method that is asked
    made = desk.context()
    before = desk.env.read_bytes()
    _, outcome, seen = desk.rotate(made, value=new)
    assert [each.ok for each in seen] == [True, False, True], "the old one still works: that is said"
    assert desk.env.read_bytes() != before
    assert outcome.undo is not None
    assert outcome.undo.call is not None
    _, _, seen = run_whole(secrets_rotate.ACTION, desk.context(), dict(outcome.undo.call.params))
    assert desk.env.read_bytes() == before
    assert [each.ok for each in seen] == [True, True]


def test_nothing_is_written_when_the_new_value_or_a_later_place_fails(desk: Desk, tmp_path: Path) -> None:
    before = desk.env.read_bytes()
    with pytest.raises(ActionFailed) as failed:
        desk.rotate(desk.context(), value=riot_key())
    assert failed.value.message.key == "secrets.new_refused"
    new = desk.servers.outside.keys.regenerate("riot")
    token = tmp_path / "token"
    broken = desk.context(
        {"env_file": str(desk.env)},
        {"secret_file": str(token)},
        {"command": ["false"]},
        restart=(["touch", "x"],),
    )
    with pytest.raises(ActionFailed):
        desk.rotate(broken, value=new)
    assert desk.env.read_bytes() == before
    assert not token.exists()
    assert [line.split(":")[0] for line in desk.printed[-4:]] == [
        "written",
        "written",
        "put back",
        "put back",
    ]
    judge = desk.context({"env_file": str(desk.env), "check": ["grep", "-q", "NEVER", "{file}"]})
    with pytest.raises(PlaceError):
        desk.rotate(judge, value=new)
    assert desk.env.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ours", "service.env"], "a draft stayed"


def test_what_speaks_against_it_is_said_before_anything_is_written(desk: Desk, tmp_path: Path) -> None:
    """Each case is a refused plan, told by its key."""
    (tmp_path / "no.yml").write_text("{{ x")
    cases: list[tuple[Context, dict[str, str], str]] = [
        (desk.context(), {}, "value_missing"),
        (
            desk.context({"yaml_file": str(tmp_path / "no.yml"), "yaml_keys": ["a"]}),
            {"value": "x"},
            "no_yaml",
        ),
        (desk.context({"secret_file": "/proc/none/x"}), {"value": "x"}, "folder_closed"),
        (desk.context({"secret_file": str(tmp_path)}), {"value": "x"}, "place_unreadable"),
        (desk.context(), {"backup": "../../etc"}, "no_such_backup"),
        (desk.context(), {"backup": "riot.20261128T000000Z.00000000"}, "no_such_backup"),
    ]
    for made, params, key in cases:
        with pytest.raises(ActionRefused) as refused:
            desk.rotate(made, **params)
        assert refused.value.message.key == f"secrets.{key}"
    (tmp_path / "twin").hardlink_to(desk.env)
    with pytest.raises(ActionRefused) as refused:
        desk.rotate(desk.context(), value="x")
    assert refused.value.message.key == "secrets.hard_links"
    (tmp_path / "twin").unlink()
    for params, key in (
        ({"value": "sk-1"}, "wrong_form"),
        ({"value": desk.old}, "same_value"),
        ({"value": "RGAPI-it's $5"}, "not_writable_value"),
    ):
        with pytest.raises(ActionRefused) as refused:
            desk.rotate(desk.context(pattern="RGAPI-.*"), **params)
        assert refused.value.message.key == f"secrets.{key}"
    with pytest.raises(ActionRefused) as refused:
        run_whole(secrets_rotate.ACTION, desk.context(), {"secret": "none"})
    assert refused.value.message.values["known"] == "riot"
    for value in ("two\nlines", " blank", "esc\x1b[2J", ""):
        with pytest.raises(BadParameter):
            desk.rotate(desk.context(), value=value)


def answer(status: int, headers: dict[str, str], body: bytes) -> Callable[..., Any]:
    return lambda *_: (status, headers, body, 0.0)


PAGE = (403, {"Content-Type": "text/html"}, b"<html>")
ANSWERS = {
    "limited": ((429, {"Retry-After": "7"}, b"{}"), "secrets.limited"),
    "down": ((500, {}, b"{}"), "secrets.answered_else"),
    "a redirect": ((302, {"Location": "http://127.0.0.1:1/"}, b""), "secrets.answered_else"),
    "a firewall": (PAGE, "secrets.gateway"),
    "a ban": ((403, {}, b"error code: 1015"), "secrets.gateway"),
    "an address that refuses all": ((403, {}, b"{}"), "secrets.refuses_all"),
    "a page for everybody": ((200, {}, b"{}"), "secrets.accepts_anything"),
}


@pytest.mark.parametrize("case", [*ANSWERS, "nobody listens"])
def test_what_says_nothing_about_the_value_is_unknown(case: str, desk: Desk) -> None:
    proof = desk.servers.proof("riot")
    key = "secrets.not_reached"
    if case in ANSWERS:
        given, key = ANSWERS[case]
        desk.servers.outside.answer = answer(*given)  # type: ignore[method-assign]
    else:
        proof = {**proof, "url": "http://127.0.0.1:9/{value}"}
    plan, outcome, seen = run_whole(secrets_prove.ACTION, desk.context(prove=proof), {"secret": "riot"})
    assert [(each.ok, each.text.values["said"].key) for each in seen] == [(None, key)]  # type: ignore[union-attr]
    assert outcome.findings == 0
    assert desk.old not in repr((plan, outcome, seen, desk.printed))


def test_prove_says_what_works_and_what_is_dead(desk: Desk) -> None:
    old, new = desk.old, riot_key()
    _, outcome, seen = run_whole(secrets_prove.ACTION, desk.context(), {"secret": "riot", "old": new})
    assert [(each.text.key, each.ok) for each in seen] == [
        ("secrets.is_accepted", True),
        ("secrets.is_refused", True),
    ]
    assert outcome.text == say("secrets.proved_well", secret="riot", count=2)
    assert outcome.document == {
        "secret": "riot",
        "present": {"answer": "accepted", "status": 200},
        "old": {"answer": "refused", "status": 403},
    }
    desk.servers.outside.keys.regenerate("riot")
    desk.env.write_text(f"RIOT_API_KEY={new}\n")
    _, outcome, seen = run_whole(secrets_prove.ACTION, desk.context(), {"secret": "riot", "old": old})
    assert [each.ok for each in seen] == [None, None], "403 for both may be the address"
    assert outcome.text == say("secrets.proved", secret="riot", bad=0, unknown=2)
    desk.servers.outside.keys = Both(old)  # type: ignore[assignment]
    _, outcome, seen = run_whole(secrets_prove.ACTION, desk.context(), {"secret": "riot", "old": old})
    assert ([each.ok for each in seen], outcome.findings) == ([False, False], 2)


def test_hostile_names_are_names(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "$(touch sprung)\x1b]52;c;x\x07 [red]"
    folder.mkdir()
    env = folder / "--help.env"
    env.write_text(f"RIOT_API_KEY={desk.old}\n")
    new = desk.servers.outside.keys.regenerate("riot")
    made = desk.context({"env_file": str(env)}, restart=(["true", "--", "$(touch sprung)"],))
    plan, _, seen = desk.rotate(made, value=new)
    assert env.read_text() == f"RIOT_API_KEY={new}\n"
    assert all(each.ok for each in seen)
    assert not [path for path in (tmp_path, folder, Path.cwd()) if (path / "sprung").exists()]
    assert not [text for text in (*desk.printed, *(step.text for step in plan.steps)) if "\x1b" in text]
