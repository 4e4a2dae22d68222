"""What each tool is really called with: a stand-in of its name on PATH keeps every argv, and answers as the tool does.

docker compose, Helm, a cluster and systemd as init are not here; where the real kubectl is, it is asked whether it knows
every word that it would be given.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from actions.errors import ActionError
from actions.model import Context
from actions.parameters import read_parameters
from actions.planning import make_plan
from actions.registry import own_actions
from actions.release_settings import ReleasesSettings
from actions.releases.errors import NotListed, Stopped
from actions.releases.look import look
from tests.actions.build import context
from tui.i18n import Language

STAND_IN = """#!/bin/sh
printf '%s\\t' "$(basename "$0")" "$@" >> "$STAND_INS/calls"; printf '%s\\n' "TAG=$TAG" >> "$STAND_INS/calls"
for word in "$@"; do
  [ -f "$STAND_INS/$word.exit" ] && { cat "$STAND_INS/$word.out" 2>/dev/null; cat "$STAND_INS/$word.err" >&2; exit "$(cat "$STAND_INS/$word.exit")"; }
done
for word in "$@"; do [ -f "$STAND_INS/$word" ] && { cat "$STAND_INS/$word"; exit 0; }; done
exit 0
"""


class StandIns:
    """Programs that only keep what they are called with; `says` is what one prints when a word is among its arguments."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        (folder / "bin").mkdir()
        for name in ("docker", "kubectl", "helm", "systemctl"):
            program = folder / "bin" / name
            program.write_text(STAND_IN.replace("$STAND_INS", str(folder)))
            program.chmod(0o755)
        patch.setenv("PATH", f"{folder / 'bin'}:/usr/bin:/bin")

    def says(self, word: str, answer: object) -> None:
        (self.folder / word).write_text(answer if isinstance(answer, str) else json.dumps(answer))

    def fails(self, word: str, code: int, *, half: str = "", words: str = "") -> None:
        (self.folder / f"{word}.exit").write_text(str(code))
        (self.folder / f"{word}.out").write_text(half)
        (self.folder / f"{word}.err").write_text(words)

    def calls(self) -> list[tuple[str, ...]]:
        """Every argv since the last time."""
        file = self.folder / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return [tuple(line.split("\t")[:-1]) for line in lines]


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIns:
    return StandIns(tmp_path, monkeypatch)


def here(adapter: str, **more: Any) -> Context:
    settings = {"adapter": adapter, "name": "web", "timeout_s": 90, **more}
    return context(releases=ReleasesSettings.model_validate(settings))


def run(action_id: str, where: Context, tools: StandIns, **params: str) -> list[tuple[str, ...]]:
    """Plan and run it; what was called that is no question, and stands in the plan word by word."""
    action = own_actions()[action_id]
    given = read_parameters(action.parameters, {"database": "keep", **params})
    plan = make_plan(action, given, where)
    assert plan.blockers == ()
    tools.calls()
    try:
        action.run(given, plan, where)
    finally:
        called = tools.calls()
    steps = [step.argv for step in plan.steps if step.argv]
    assert [step for step in steps if step in called or step[0] in ("ln", "mv")] == steps
    return [argv for argv in called if argv in steps]


def replica(  # noqa: PLR0917  # a row of a table
    name: str,
    tag: str,
    revision: int | str,
    wanted: int,
    at: str,
    owner: str = "web",
) -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "creationTimestamp": at,
            "annotations": {"deployment.kubernetes.io/revision": str(revision)},
            "ownerReferences": [{"kind": "Deployment", "name": owner}],
        },
        "spec": {
            "replicas": wanted,
            "template": {"spec": {"containers": [{"name": "web", "image": f"registry:5000/web:{tag}"}]}},
        },
        "status": {"readyReplicas": wanted},
    }


OLD, NEW = "2026-11-28T01:00:00Z", "2026-11-28T03:00:00Z"
SETS = {
    "items": [
        replica("a", "v1", 4, 0, OLD),
        replica("b", "v2", 5, 3, NEW),
        replica("c", "x", 1, 1, OLD, "db"),
    ]
}
KUBECTL = ("kubectl", "--namespace", "default")


def test_kubectl_rolls_and_goes_back_to_the_revision_that_it_kept(tools: StandIns) -> None:
    tools.says("replicasets", SETS)
    where = here("kubectl", image="registry:5000/web")
    seen = look(where)
    assert [(each.version, each.live, each.handle) for each in seen.sighting.releases] == [
        ("v2", True, "5"),
        ("v1", False, "4"),
    ]
    ready = (*KUBECTL, "rollout", "status", "deployment/web", "--timeout=90s")
    assert run("release.deploy", where, tools, version="v3") == [
        (*KUBECTL, "set", "image", "deployment/web", "web=registry:5000/web:v3"),
        ready,
    ]
    assert run("release.rollback", where, tools) == [
        (*KUBECTL, "rollout", "undo", "deployment/web", "--to-revision=4"),
        ready,
    ]


def test_kubectl_switches_the_selector_of_the_service(tools: StandIns) -> None:
    tools.says(
        "replicasets",
        {"items": [replica("a", "v2", 2, 1, NEW, "web-blue"), replica("b", "v1", 7, 1, OLD, "web-green")]},
    )
    tools.says("service", {"spec": {"selector": {"app": "web", "slot": "blue"}}})
    where = here("kubectl", image="web", strategy="blue-green")
    assert run("release.deploy", where, tools, version="v3")[0] == (
        *KUBECTL, "set", "image", "deployment/web-green", "web=web:v3",
    )  # fmt: skip
    patch = '--patch={"spec":{"selector":{"slot":"green"}}}'
    switch = (*KUBECTL, "patch", "service", "web", "--type=merge", patch)
    assert run("release.rollback", where, tools) == [switch]
    assert run("release.switch", where, tools) == [switch]


def test_helm_upgrades_to_the_version_of_a_chart_and_rolls_back_to_a_revision(tools: StandIns) -> None:
    tools.says(
        "history",
        [
            {
                "revision": 1,
                "updated": OLD,
                "status": "superseded",
                "chart": "my-shop-1.0.0",
                "app_version": "7",
            },
            {"revision": 2, "updated": OLD, "status": "failed", "chart": "my-shop-1.0.1", "app_version": "8"},
            {
                "revision": 3,
                "updated": NEW,
                "status": "deployed",
                "chart": "my-shop-1.1.0",
                "app_version": "9",
            },
        ],
    )
    where = here("helm", chart="repo/my-shop")
    within = ("--namespace", "default", "--wait", "--timeout=90s")
    assert run("release.deploy", where, tools, version="1.2.0") == [
        ("helm", "upgrade", "web", "repo/my-shop", "--version=1.2.0", "--reuse-values", *within)
    ]
    assert run("release.rollback", where, tools) == [("helm", "rollback", "web", "1", *within)]


@pytest.mark.parametrize("form", ["lines", "list"])
def test_compose_is_given_the_tag_by_its_variable_and_remembers_nothing(tools: StandIns, form: str) -> None:
    containers = [
        {
            "Service": "web",
            "Image": "shop:v2",
            "State": "running",
            "Health": "healthy",
            "CreatedAt": "2026-11-28 03:00:00 +0100 CET",
        }
    ]
    tools.says("ps", containers if form == "list" else "\n".join(map(json.dumps, containers)))
    tools.fails("none", 0)
    tools.says(
        "ls", json.dumps({"Repository": "shop", "Tag": "v1", "CreatedAt": "2026-11-01 00:00:00 +0000 UTC"})
    )
    where = here("compose", image="shop", project="/srv/shop")
    seen = look(where)
    assert [(each.version, each.live, each.since) for each in seen.sighting.releases] == [
        ("v2", True, 1795831200.0),
        ("v1", False, 1793491200.0),
    ]
    up = ("docker", "compose", "--project-directory", "/srv/shop", "up", "--detach", "--no-deps", "--wait", "--wait-timeout=90", "web")  # fmt: skip
    action = own_actions()["release.deploy"]
    given = read_parameters(action.parameters, {"version": "v3", "database": "keep"})
    plan = make_plan(action, given, where)
    assert plan.steps[0].environment == (("TAG", "v3"),)
    assert "releases.forgets" in [warning.key for warning in plan.warnings]
    tools.calls()
    action.run(given, plan, where)
    assert up in tools.calls()
    blocked = own_actions()["release.rollback"]
    none = make_plan(blocked, read_parameters(blocked.parameters, {"database": "keep"}), where)
    assert [each.key for each in none.blockers] == ["releases.no_previous"], (
        "an image's date is no past of it"
    )
    assert run("release.rollback", where, tools, to="v1") == [up]


@pytest.mark.parametrize("adapter", ["systemd", "compose"])
def test_links_are_moved_at_once_and_the_proxy_is_told(tools: StandIns, tmp_path: Path, adapter: str) -> None:
    for version in ("v1", "v2", "v3"):
        (tmp_path / "releases" / version).mkdir(parents=True)
    (tmp_path / "blue").symlink_to(tmp_path / "releases" / "v2")
    (tmp_path / "green").symlink_to(tmp_path / "releases" / "v1")
    (tmp_path / "live.conf").symlink_to("blue.conf")
    tools.says("is-active", "active\n")
    tools.says(
        "ps",
        [
            {"Service": f"web-{slot}", "Image": f"s:{tag}", "State": "running"}
            for slot, tag in (("blue", "v2"), ("green", "v1"))
        ],
    )
    tools.says("ls", "")
    more = {"folder": str(tmp_path / "releases"), "image": "s", "project": "/p"}
    where = here(adapter, strategy="blue-green", proxy="proxy", proxy_folder=str(tmp_path), **more)
    assert look(where).sighting.live_slot == "blue"
    if adapter == "systemd":
        assert ("systemctl", "restart", "web@green.service") in run(
            "release.deploy", where, tools, version="v3"
        )
        assert (tmp_path / "green").readlink() == tmp_path / "releases" / "v3"
    told = run("release.switch", where, tools)
    assert told == [
        ("systemctl", "reload", "proxy")
        if adapter == "systemd"
        else ("docker", "compose", "--project-directory", "/p", "kill", "--signal=SIGHUP", "proxy")
    ]
    assert (tmp_path / "live.conf").readlink().name == "green.conf"
    assert look(where).sighting.live_slot == "green"


def test_a_roll_out_that_fails_names_its_last_words_and_the_state(tools: StandIns) -> None:
    tools.says("replicasets", SETS)
    tools.fails(
        "rollout", 1, half="Waiting for deployment\n", words="error: timed out waiting for the condition\n"
    )
    where = here("kubectl", image="web")
    with pytest.raises(Stopped) as stopped:
        run("release.deploy", where, tools, version="v3")
    words = Language("en").say(stopped.value.message)
    assert "stopped at “v3 takes the place of what runs”" in words
    assert "kubectl ended with exit code 1: error: timed out waiting for the condition" in words
    assert "live by the adapter: v2" in words


@pytest.mark.parametrize(
    ("code", "half", "words", "key"),
    [
        (1, "", "Unable to connect to the server", "releases.tool_failed"),
        (0, '{"items": [{"metadata": {"na', "", "releases.no_json"),
        (0, "", "", "releases.no_json"),
    ],
)
def test_half_an_answer_is_no_list(tools: StandIns, code: int, half: str, words: str, key: str) -> None:
    tools.fails("replicasets", code, half=half, words=words)
    with pytest.raises(NotListed) as error:
        look(here("kubectl", image="web"))
    assert error.value.message.key == key
    assert Language("zh").say(error.value.message)


def test_a_warning_on_the_error_stream_is_no_part_of_the_answer(tools: StandIns) -> None:
    tools.fails("replicasets", 0, half=json.dumps(SETS), words="Warning: v1beta1 is deprecated\n")
    assert look(here("kubectl", image="web")).live_version == "v2"


HOSTILE = [
    "--kubeconfig=/x",
    "-n",
    "$(touch x)",
    "v1;reboot",
    "a b",
    "../../etc",
    "v1\x1b[31m",
    "v1,a=b",
    "{version}",
    "v1:x",
    "",
]


def test_hostile_names_do_nothing_but_show(tools: StandIns) -> None:
    sets = [replica("a", name, 4, 0, OLD) for name in HOSTILE] + [replica("b", "v2", 5, 3, NEW)]
    tools.says("replicasets", {"items": sets})
    where = here("kubectl", image="web")
    seen = [each.version for each in look(where).sighting.releases]
    assert len(seen) == len(HOSTILE) + 1
    assert not any("\x1b" in version for version in seen)
    for action_id, name in (("release.deploy", "version"), ("release.rollback", "to")):
        action = own_actions()[action_id]
        for version in filter(None, HOSTILE):
            with pytest.raises(ActionError):
                read_parameters(action.parameters, {name: version})
    action = own_actions()["release.rollback"]
    plan = make_plan(action, read_parameters(action.parameters, {"database": "keep"}), where)
    assert plan.blockers != (), "none of them is ever chosen by itself"
    assert all(argv[3:5] == ("get", "replicasets") for argv in tools.calls())
    tools.says("replicasets", {"items": [replica("a", "v1", "--all", 0, OLD), replica("b", "v2", 5, 3, NEW)]})
    assert look(where).sighting.releases[1].handle == "", "nor a handle that would be read as an option"
    for wrong in ({"name": "-web"}, {"namespace": "a b"}, {"image": "--x"}, {"slots": ["--a", "b"]}):
        with pytest.raises(ValueError, match="match pattern"):
            ReleasesSettings.model_validate({"adapter": "kubectl", "image": "i", "name": "web", **wrong})


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl here")
def test_the_real_kubectl_knows_every_word(tmp_path: Path) -> None:
    from actions.releases.adapters import adapter_of
    from actions.template import filled

    settings = ReleasesSettings.model_validate(
        {"adapter": "kubectl", "name": "web", "image": "web", "strategy": "blue-green"}
    )
    adapter = adapter_of(settings)
    for argv in (*adapter.deploy, *adapter.back, *adapter.switch):
        words = filled(argv, {"version": "v1", "slot": "green", "handle": "3"})
        done = subprocess.run(
            [*words, "--server=http://127.0.0.1:9", "--request-timeout=1"],
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "127.0.0.1:9" in done.stderr, "it got as far as asking the cluster that is not there"
