"""A picture is fetched as users do and compared; an address only we reach, a full disk and no picture are said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actions.catalogue import visuals_check
from actions.catalogue.visuals_check import ACTION, Check
from actions.errors import ActionRefused
from actions.planning import make_plan
from actions.settings import ActionsSettings
from actions.upkeep import pictures
from tests.actions.build import context
from tests.page import Page, page_server

if TYPE_CHECKING:
    from pathlib import Path

    from actions.model import Context

PNG = b"\x89PNG\r\n\x1a\n" + b"picture"


def desk(tmp_path: Path, environment: str, **own: object) -> Context:
    (tmp_path / ".env").write_text(environment)
    (tmp_path / "builds" / "deep").mkdir(parents=True, exist_ok=True)
    visuals = {
        "environment_file": ".env",
        "base_variable": "BASE",
        "fallback_variable": "CDN",
        "fallback_path": "/static/builds",
        "storage": "builds",
        "magic": PNG[:8].hex(),
        "min_free_bytes": 0,
    } | own
    return context(settings=ActionsSettings.model_validate({"checkout": tmp_path, "visuals": visuals}))


def verdicts(on: Context) -> dict[str, bool | None]:
    plan = make_plan(ACTION, Check(), on)
    outcome = ACTION.run(Check(), plan, on)
    checks = ACTION.verify(Check(), plan, on)
    assert outcome.findings == sum(check.ok is not True for check in checks)
    return {check.text.key.partition(".")[2]: check.ok for check in checks}


def test_the_newest_picture_arrives_as_it_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served = {"body": PNG, "type": "image/png", "status": 200}

    def page(path: str) -> Page:
        assert path in ("/static/builds/deep/a%3F%23%20b.png", "/static/builds/deep/--x%0A.png")
        return Page(served["body"], served["status"], served["type"])  # type: ignore[arg-type]

    monkeypatch.setattr(pictures, "LOCAL_HOSTS", ())  # the test's server is on this machine
    with page_server(page) as url:
        on = desk(tmp_path, f"BASE=\nCDN={url}/\n")
        assert verdicts(on) == {"base_fallback": True, "writable": True, "room": True, "no_picture": None}
        (tmp_path / "builds" / "deep" / "a?# b.png").write_bytes(PNG)
        (tmp_path / "builds" / "link.png").symlink_to("/etc/passwd")
        good = {"base_fallback": True, "writable": True, "room": True, "served": True, "same_content": True}
        assert verdicts(on) == good
        for change, what in (
            ({"status": 404}, {"served": False}),
            ({"type": "text/html"}, {"served": False}),
            ({"body": b"<html>"}, {"other_content": False}),
        ):
            known = {**served}
            served.update(change)
            assert what.items() <= verdicts(on).items()
            served.update(known)
        (tmp_path / "builds" / "deep" / "--x\n.png").write_bytes(b"GIF89a")
        served["body"] = b"GIF89a"
        assert {"no_such_picture": False, "same_content": True}.items() <= verdicts(on).items()
        on = desk(tmp_path, f"BASE={url}/static/builds\n", writable=["false"], min_free_bytes=10**18)
        assert {"base_is": True, "not_writable": False, "room": False}.items() <= verdicts(on).items()
        on = desk(tmp_path, f"BASE={url}/static/builds\n", writable=["no-such-program"])
        assert verdicts(on)["not_started"] is None, "who can't look does not know"
        (tmp_path / "builds").rename(tmp_path / "gone")
        folder = desk(tmp_path, f"BASE={url}/static/builds\n", storage="nowhere")
        assert verdicts(folder)["unreadable"] is None or verdicts(folder)["unreadable"] is False


def test_an_address_of_this_machine_and_none_at_all(tmp_path: Path) -> None:
    on = desk(tmp_path, "BASE=http://localhost:1/static/builds\n")
    assert verdicts(on)["base_local"] is False
    with pytest.raises(ActionRefused) as refused:
        make_plan(ACTION, Check(), desk(tmp_path, "OTHER=1\n"))
    assert refused.value.message.key == "actions_upkeep.visuals_nowhere"
    assert visuals_check.ACTION.danger == "observe"
