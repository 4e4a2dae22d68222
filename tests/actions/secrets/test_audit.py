"""The audit finds a value wherever it was planted, says where it came from, and shows it nowhere."""

from __future__ import annotations

import datetime as dt
import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from actions.secrets import betterleaks, kingfisher
from actions.secrets import git as git_side
from actions.secrets.model import Verdict, Where
from actions.secrets.progress import Began, Seen
from actions.secrets.verdicts import BaselineError, Decision, decide, last_audits, read_decisions
from tests.actions.secrets.desk import NOW, Desk
from tests.actions.secrets.planted import git, github_token, plant, riot_key


@pytest.fixture
def desk(tmp_path: Path, compiled_rules: Path) -> Desk:
    return Desk(tmp_path, compiled_rules)


@pytest.fixture(params=["loose", "packed"])
def planted(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, dict[str, str]]:
    folder = tmp_path / "repository"
    values = plant(folder)
    if request.param == "packed":
        git(folder, "gc", "--quiet", "--prune=never")
    return folder, values


@pytest.mark.skipif(kingfisher.program() is None, reason="kingfisher-bin is not installed")
def test_every_place_is_found_and_no_value_is_kept(
    desk: Desk, planted: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    folder, values = planted
    before = git(folder, "count-objects", "-v")
    result = desk.audit(folder)
    assert result.scanned.unread == ()
    places = {name: desk.of(result, value) for name, value in values.items()}
    assert [name for name, findings in places.items() if not findings] == []
    where = {name: {finding.where for finding in findings} for name, findings in places.items()}
    assert where["tree"] == {Where.TREE, Where.HISTORY}
    assert where["ignored"] == where["untracked"] - {Where.HISTORY} == {Where.TREE}
    assert where["env"] == {Where.ENV}
    assert where["log"] == {Where.LOG}
    for name in ("removed", "stash", "older_stash", "branch", "blob", "tag", "message"):
        assert where[name] == {Where.HISTORY}, name
    assert [(finding.file, finding.line) for finding in places["log"]] == [("logs/bot.log", 5)]
    (removed,) = places["removed"]
    second = git(folder, "log", "--format=%H", "--grep=second", "main")
    assert (removed.file, removed.line, removed.commit, removed.first_commit) == ("old.py", 3, second, second)
    assert removed.author_date == git(folder, "log", "-1", "--format=%aI", second)
    assert {name: {finding.in_head for finding in findings} for name, findings in places.items()} == {
        name: {name in ("tree", "riot")} for name in values
    }
    assert {finding.rule for finding in (*places["riot"], *places["env"])} == {"riot-api-key"}
    # Nothing of ours, and nothing that a person sees, holds a value; the repository is as it was.
    shown = json.dumps(result.to_json()) + repr(result) + repr(desk.heard)
    kept = b"".join(
        path.read_bytes() for place in (desk.state, desk.cache) for path in place.rglob("*") if path.is_file()
    )
    assert [name for name, value in values.items() if value in shown or value.encode() in kept] == []
    assert git(folder, "count-objects", "-v") == before
    assert stat.S_IMODE((desk.state / "fingerprint.key").stat().st_mode) == 0o600


@pytest.mark.skipif(
    not betterleaks.installed() or kingfisher.program() is None, reason="a scanner is not installed"
)
def test_two_scanners_make_one_finding_of_one_place(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "conf.py").write_text(f"token = '{github_token()}'\n")
    (finding,) = desk.audit(folder).findings
    assert (finding.scanners, finding.file, finding.line) == (("betterleaks", "kingfisher"), "conf.py", 1)
    assert finding.in_head is None, "there is no repository to ask"


@pytest.mark.skipif(
    not betterleaks.installed() or kingfisher.program() is None, reason="a scanner is not installed"
)
def test_a_log_that_is_one_file_is_read_by_both_scanners(desk: Desk, tmp_path: Path) -> None:
    folder, log = tmp_path / "plain", tmp_path / "bot.log"
    folder.mkdir()
    value = github_token()
    log.write_text(f"started\nstill there\nsent token = '{value}'\n")
    result = desk.audit(folder, log)
    assert result.scanned.unread == ()
    (finding,) = desk.of(result, value)
    assert finding.scanners == ("betterleaks", "kingfisher")
    assert (finding.file, finding.line, finding.where) == (str(log), 3, Where.LOG)


def test_a_large_file_is_read_in_parts_with_its_own_line_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(betterleaks, "CHUNK_BYTES", 10)
    log, value = tmp_path / "bot.log", github_token()
    log.write_text(f"a line of text\nanother line\ntoken = '{value}'\n")
    assert betterleaks.main(str(log)) == 0
    (hit,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert hit == ["github-pat", value, str(log), 3]


@pytest.mark.skipif(
    not betterleaks.installed() or kingfisher.program() is None, reason="a scanner is not installed"
)
def test_what_only_a_scanner_of_files_reports_is_not_said_to_be_absent_from_head(
    desk: Desk, tmp_path: Path
) -> None:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet")
    committed, later = github_token()[4:], github_token()[4:]
    (folder / "a.cfg").write_text(f"secret_key = {committed}\n")
    git(folder, "add", "a.cfg")
    git(folder, "commit", "--quiet", "-m", "a")
    (folder / "a.cfg").write_text(f"\n\nsecret_key = {committed}\n")
    (folder / "b.cfg").write_text(f"secret_key = {later}\n")
    result = desk.audit(folder)
    known = {value: desk.of(result, value) for value in (committed, later)}
    assert {finding.scanners for findings in known.values() for finding in findings} == {("betterleaks",)}
    assert [finding.in_head for finding in (*known[committed], *known[later])] == [True, None]


def test_without_a_scanner_our_own_rules_look_and_it_is_said(
    desk: Desk, planted: tuple[Path, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, values = planted
    monkeypatch.setattr(kingfisher, "program", lambda: None)
    monkeypatch.setattr(betterleaks, "installed", lambda: False)
    result = desk.audit(folder)
    assert result.scanned.scanners == ("warroom",)
    assert {finding.where for finding in desk.of(result, values["riot"])} == {Where.TREE, Where.HISTORY}
    assert Began("warroom files") in desk.heard


@pytest.mark.skipif(kingfisher.program() is None, reason="kingfisher-bin is not installed")
def test_a_submodule_and_a_nested_repository_are_looked_at(desk: Desk, tmp_path: Path) -> None:
    values = {"module": github_token(), "nested": github_token()}
    library = tmp_path / "library"
    library.mkdir()
    git(library, "init", "--quiet")
    for text in (f"k = '{values['module']}'\n", "k = ''\n"):
        (library / "k.py").write_text(text)
        git(library, "add", "k.py")
        git(library, "commit", "--quiet", "-m", "k")
    folder = tmp_path / "repository"
    plant(folder)
    git(folder, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "library")
    git(folder / "library", "gc", "--quiet")
    nested = folder / "nested"
    nested.mkdir()
    git(nested, "init", "--quiet")
    (nested / "n.py").write_text(f"n = '{values['nested']}'\n")
    git(nested, "add", "n.py")
    git(nested, "commit", "--quiet", "-m", "n")
    result = desk.audit(folder)
    assert {finding.where for finding in desk.of(result, values["module"])} == {Where.HISTORY}
    assert {(finding.where, finding.file) for finding in desk.of(result, values["nested"])} == {
        (Where.TREE, "nested/n.py"),
        (Where.HISTORY, "nested/n.py"),
    }


@pytest.mark.skipif(kingfisher.program() is None, reason="kingfisher-bin is not installed")
def test_what_could_not_be_read_is_named(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "link").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe")
    (folder / "broken" / ".git").mkdir(parents=True)
    unread = {
        item.place: item.why.key for item in desk.audit(folder, tmp_path / "no-such-log").scanned.unread
    }
    assert unread == {
        "link": "secrets.link",
        "pipe": "secrets.no_file",
        "broken": "secrets.repository_refused",
        str(tmp_path / "no-such-log"): "secrets.unreadable",
    }


def test_the_objects_of_a_repository_are_listed_once(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "repository"
    plant(folder)
    run = git_side.run
    asked: list[str] = []

    def listen(repository: git_side.Repository, *arguments: str, given: bytes = b"") -> bytes:
        asked.extend(word for word in arguments if word == "--batch-all-objects")
        return run(repository, *arguments, given=given)

    monkeypatch.setattr(git_side, "run", listen)
    assert desk.audit(folder).scanned.commits
    assert asked == ["--batch-all-objects"]


def test_hostile_names_and_settings_start_nothing(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    values = plant(folder)
    trap = tmp_path / "sprung"
    (folder / "--rules-path=x").write_text("")
    (folder / f"$(touch {trap.name})\x1b]52;c;x\x07.py").write_text(f"k = '{values['tree']}'\n")
    for setting in ("core.fsmonitor", "core.sshCommand", "diff.external", "core.pager"):
        git(folder, "config", setting, f"touch {trap}")
    (folder / ".gitattributes").write_text("* filter=evil diff=evil\n")
    git(folder, "config", "filter.evil.clean", f"touch {trap}")
    git(folder, "config", "diff.evil.textconv", f"touch {trap}")
    result = desk.audit(folder)
    assert not trap.exists()
    assert not any("\x1b" in finding.file for finding in result.findings)
    assert (
        any("touch" in finding.file for finding in desk.of(result, values["tree"]))
        or kingfisher.program() is None
    )


def test_a_decision_stands_until_it_ends(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kingfisher, "program", lambda: None)
    monkeypatch.setattr(betterleaks, "installed", lambda: False)
    folder = tmp_path / "plain"
    folder.mkdir()
    key = riot_key()
    (folder / "a.txt").write_text(key)
    (finding, *_) = desk.audit(folder).findings
    assert finding.verdict is Verdict.OPEN
    until = NOW + dt.timedelta(days=7)
    accepted = Decision(verdict=Verdict.ACCEPTED, reason="expired key", by="op1", at=NOW, until=until)
    decide(desk.decisions, finding.fingerprint, accepted)
    assert {item.verdict for item in desk.audit(folder).findings} == {Verdict.ACCEPTED}
    assert {item.verdict for item in desk.audit(folder, now=until).findings} == {Verdict.OPEN}
    decide(desk.decisions, finding.fingerprint, None)
    assert read_decisions(desk.decisions) == {}
    desk.decisions.write_text("[" * 100_000)
    with pytest.raises(BaselineError):
        desk.audit(folder)


def test_of_many_who_decide_at_once_each_is_kept(desk: Desk) -> None:
    names = [f"{number:016x}" for number in range(24)]
    said = Decision(verdict=Verdict.FALSE, reason="an example", by="op1", at=NOW)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda name: decide(desk.decisions, name, said), names))
    assert sorted(read_decisions(desk.decisions)) == names


def test_the_last_audit_is_kept_with_what_is_new_and_gone(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kingfisher, "program", lambda: None)
    monkeypatch.setattr(betterleaks, "installed", lambda: False)
    folder = tmp_path / "plain"
    folder.mkdir()
    first, second = riot_key(), riot_key()
    (folder / "a.txt").write_text(f"{first}\n{first}\n")
    before = desk.audit(folder)
    assert before.new == frozenset(), "there was no audit to compare with"
    (folder / "a.txt").write_text(f"\n{second}\n")
    after = desk.audit(folder)
    (kept,) = last_audits(desk.state)
    assert [(item.place, item.places, item.is_new) for item in kept.items] == [("a.txt:2", 1, True)]
    assert kept.gone == after.gone == {finding.fingerprint for finding in before.findings}
    seen = [progress for progress in desk.heard if isinstance(progress, Seen)]
    assert [progress.place for progress in seen] == ["a.txt:1", "a.txt:2"], "each value once, at once"
