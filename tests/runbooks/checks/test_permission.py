"""A team's manual sends nothing and asks nobody that the configuration does not name; the program's own say where."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from profiles.profile import BUNDLED
from runbooks.checks.measure import measure
from runbooks.checks.permission import origin_of, permit, unapproved_origin
from runbooks.library import load_library
from runbooks.lint.secrets import lint_secrets
from runbooks.model import Check
from runbooks.settings import RunbooksSettings
from signals.reading import Verdict
from tests.runbooks.checks.test_measure import NOTHING, told
from tui.i18n import Language

SECRET = "s3cret-value"


def team_check(
    folder: Path, url: str, header: str = "", **settings: object
) -> tuple[Check, RunbooksSettings]:
    """The check of a manual in a team's folder, as the library gives it."""
    headers = f"  headers:\n    Authorization: {header}\n" if header else ""
    (folder / "own.md").write_text(
        "---\nid: own\ntitle: Own\nseverity: SEV3\n---\n\n## A <!-- id: a -->\n\n- [ ] Look <!-- id: look -->\n\n"
        f"  ```check\n  probe: http\n  url: {url}\n{headers}  expect: status 200\n  ```\n",
        encoding="utf-8",
    )
    configured = RunbooksSettings.model_validate({"folders": [folder], **settings})
    runbook = load_library(configured, "en").get("own")
    assert runbook is not None
    (step,) = runbook.steps()
    (check,) = step.checks
    return check, configured


@contextmanager
def server() -> Iterator[tuple[str, list[bytes]]]:
    """A server that keeps what it hears, and says it all again."""
    heard: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                raw = connection.recv(65536)
                heard.append(raw)
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nX-Echo: %s\r\nConnection: close\r\n\r\n"
                    % raw.split(b": ")[-1].strip()
                )
                connection.sendall(raw)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", heard
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


async def test_nothing_is_sent_to_a_host_that_only_the_manual_names(tmp_path: Path) -> None:
    with server() as (url, heard):
        check, settings = team_check(tmp_path, url, "Bearer ${TOKEN}")
        observation = await measure(check, NOTHING, time.time(), permit(settings, {"TOKEN": SECRET}, [url]))
    assert observation.verdict is Verdict.UNKNOWN
    assert heard == []
    assert "does not let TOKEN go to" in told(observation)


async def test_a_named_variable_goes_to_its_host_alone_and_no_answer_is_told(tmp_path: Path) -> None:
    with server() as (url, heard), server() as (other, heard_elsewhere):
        secrets = {"TOKEN": [url]}
        check, settings = team_check(tmp_path, f"{url}/x", "Bearer ${TOKEN}", secrets=secrets)
        observation = await measure(check, NOTHING, time.time(), permit(settings, {"TOKEN": SECRET}))
        check, settings = team_check(tmp_path, f"{other}/x", "Bearer ${TOKEN}", secrets=secrets)
        refused = await measure(check, NOTHING, time.time(), permit(settings, {"TOKEN": SECRET}))
    assert observation.verdict is Verdict.OK
    assert SECRET.encode() in heard[0]
    assert SECRET not in repr(observation) + told(observation)
    assert refused.verdict is Verdict.UNKNOWN
    assert heard_elsewhere == []


async def test_a_new_host_is_asked_only_after_a_yes(tmp_path: Path) -> None:
    with server() as (url, heard):
        check, settings = team_check(tmp_path, f"{url}/health")
        permission = permit(settings, {})
        assert unapproved_origin(check, permission) == url
        refused = await measure(check, NOTHING, time.time(), permission)
        assert heard == []
        asked = await measure(check, NOTHING, time.time(), permit(settings, {}, [url]))
        configured = permit(RunbooksSettings(hosts=(url,)), {})
    assert "[runbooks] hosts" in told(refused)
    assert asked.verdict is Verdict.OK
    assert unapproved_origin(check, configured) == ""


@pytest.mark.parametrize(
    ("url", "environment"),
    [
        ("https://good.example@evil.example/", {}),
        ("https://good.example\\@evil.example/", {}),
        ("https://good.example:444/", {}),
        ("http://good.example/", {}),  # in clear
        ("https://good.example.evil.example/", {}),
        ("https://${HOST}/", {"HOST": "evil.example"}),
        ("https://good.example${TAIL}/", {"TAIL": ".evil.example"}),
        ("https://good.example${TAIL}/", {"TAIL": "@evil.example"}),
        ("//good.example/", {}),
        ("https://good.example%2eevil.example/", {}),
        ("https://good。example/", {}),
    ],
)
async def test_a_host_that_looks_like_the_named_one_gets_nothing(
    url: str, environment: dict[str, str], tmp_path: Path
) -> None:
    secrets = {name: ["good.example"] for name in ("TOKEN", "HOST", "TAIL")}
    check, settings = team_check(
        tmp_path, f'"{url}"'.replace("\\", "\\\\"), "Bearer ${TOKEN}", secrets=secrets
    )
    observation = await measure(
        check, NOTHING, time.time(), permit(settings, {"TOKEN": SECRET, **environment})
    )
    assert observation.verdict is Verdict.UNKNOWN
    assert "does not let" in told(observation)


async def test_a_stand_in_of_the_configuration_gets_what_its_original_may_have(tmp_path: Path) -> None:
    with server() as (url, heard):
        check, settings = team_check(
            tmp_path,
            "https://api.example/v1/me",
            "Bearer ${TOKEN}",
            secrets={"TOKEN": ["api.example"]},
            addresses={"https://api.example": url},
        )
        observation = await measure(check, NOTHING, time.time(), permit(settings, {"TOKEN": SECRET}))
    assert observation.verdict is Verdict.OK
    assert SECRET.encode() in heard[0]


def test_only_what_lies_in_the_program_itself_counts_as_its_own(tmp_path: Path) -> None:
    bundled = load_library(RunbooksSettings(folders=(BUNDLED / "chimera" / "runbooks",)), "en").get(
        "key-leak"
    )
    assert bundled is not None
    checks = [check for step in bundled.steps() for check in step.checks if check.probe == "http"]
    assert checks
    assert all(check.bundled for check in checks)
    copy = tmp_path / "en"
    copy.mkdir()
    (copy / "key-leak.md").write_bytes((BUNDLED / "chimera/runbooks/en/key-leak.md").read_bytes())
    team = load_library(RunbooksSettings(folders=(BUNDLED / ".." / ".." / tmp_path,)), "en").get("key-leak")
    assert team is not None
    assert not any(check.bundled for step in team.steps() for check in step.checks)


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("api.example", "https://api.example"),
        ("API.example:443", "https://api.example"),
        ("api.example:8443", "https://api.example:8443"),
        ("http://127.0.0.1:80/x", "http://127.0.0.1"),
        ("http://[::1]:9/x", "http://[::1]:9"),
        ("https://u:p@api.example", ""),
        ("https://", ""),
        ("ftp://api.example", ""),
        ("https://api.example:99999", ""),
    ],
)
def test_an_origin_is_scheme_host_and_port(address: str, origin: str) -> None:
    assert origin_of(address) == origin


def findings(folder: Path, url: str, header: str = "", **settings: object) -> list[tuple[str, str, str]]:
    """What lint says of the check: the rule, how sure it is, and in words."""
    team_check(folder, url, header, **settings)
    configured = RunbooksSettings.model_validate({"folders": [folder], **settings})
    runbook = load_library(configured, "en").get("own")
    assert runbook is not None
    words = Language("en")
    return [
        (each.rule, each.confidence, words.say(each.message)) for each in lint_secrets(runbook, configured)
    ]


def test_lint_names_what_would_be_sent_where(tmp_path: Path) -> None:
    """A hint where the configuration allows it; likely a mistake where it does not; a host that nobody named is asked about."""
    url, header = "https://api.example.com/health", "Bearer ${TOKEN} ${OTHER}"
    allowed = {"secrets": {"TOKEN": ["api.example.com"], "OTHER": ["elsewhere.example.com"]}}
    may, may_not = findings(tmp_path, url, header, **allowed)
    assert may[:2] == ("sends-secret", "hint")
    assert "TOKEN" in may[2]
    assert "https://api.example.com" in may[2]
    assert may_not[:2] == ("sends-secret", "likely")
    assert "OTHER" in may_not[2]
    (host,) = findings(tmp_path, url)
    assert host[:2] == ("new-host", "hint")
    assert "https://api.example.com" in host[2]
    assert findings(tmp_path, url, hosts=["api.example.com"]) == []


def test_lint_says_nothing_of_the_programs_own_checks() -> None:
    library = load_library(RunbooksSettings(folders=(BUNDLED / "chimera" / "runbooks",)), "en")
    assert [
        found for runbook in library.runbooks for found in lint_secrets(runbook, RunbooksSettings())
    ] == []
