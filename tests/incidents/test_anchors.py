"""An anchor is sent where nobody can change it with the journal, and read back from there. A real Git, a real server."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from incidents.anchors.git import keep_anchor, last_anchor
from incidents.anchors.send import send_anchor
from incidents.events.body import Noted, Opened
from incidents.journal import open_journal
from incidents.journal.anchor import anchor_of, mark_of, read_anchor, read_mark
from incidents.journal.errors import JournalError
from incidents.journal.verify import verify
from incidents.settings import AnchorSettings, GitAnchorSettings, JournalSettings
from tests.incidents.journal.test_anchor import CASES, GONE, fill
from tests.terminal import PROGRAM
from tests.webhook import webhook_server

if TYPE_CHECKING:
    from pathlib import Path

    from incidents.journal import Journal

REF = "refs/warroom/anchors"


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@x", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=240).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """With a commit, a file that was changed and one that is staged."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "file").write_text("one")
    git(folder, "add", "file")
    git(folder, "commit", "-q", "-m", "first")
    (folder / "file").write_text("two")
    (folder / "staged").write_text("staged")
    git(folder, "add", "staged")
    return folder


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return fill(f"sqlite:///{tmp_path}/journal.db", tmp_path)


def settings_of(**values: object) -> GitAnchorSettings:
    return GitAnchorSettings.model_validate(values)


def falsify(file: Path, statements: str) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TRIGGER event_no_delete")
        connection.executescript(statements)


def test_each_anchor_is_a_commit_after_the_one_before_and_nothing_else_of_the_repository_changes(
    repository: Path, tmp_path: Path
) -> None:
    hook = repository / ".git" / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/hooked\n")
    hook.chmod(0o755)
    before = (git(repository, "status", "--porcelain"), git(repository, "for-each-ref", "refs/heads"))
    settings = settings_of(repository=repository)
    assert last_anchor(settings) is None
    for text in ("{1}\n", "{2}\n"):
        keep_anchor(settings, text, f"anchor {text}", "ic1; rm -rf /")
        assert last_anchor(settings) == text
    assert (
        git(repository, "log", "--format=%an %s", REF) == "ic1; rm -rf / anchor {2}\nic1; rm -rf / anchor {1}"
    )
    assert (git(repository, "status", "--porcelain"), git(repository, "for-each-ref", "refs/heads")) == before
    assert not (tmp_path / "hooked").exists()


def test_a_remote_keeps_what_this_machine_forgets(repository: Path, tmp_path: Path) -> None:
    remote = tmp_path / "remote.git"
    git(tmp_path, "init", "-q", "--bare", str(remote))
    settings = settings_of(repository=repository, remote=str(remote))
    assert last_anchor(settings) is None
    keep_anchor(settings, "{1}", "a", "ic1")
    git(repository, "update-ref", "-d", REF)
    assert last_anchor(settings) == "{1}"
    keep_anchor(settings, "{2}", "a", "ic1")
    assert git(remote, "rev-list", "--count", REF) == "2"
    shutil.rmtree(remote)
    with pytest.raises(JournalError, match="anchor_repository"):
        last_anchor(settings)


@pytest.mark.parametrize("place", ["repository/sub", "nowhere", "file"])
def test_what_is_no_repository_itself_is_refused(repository: Path, tmp_path: Path, place: str) -> None:
    """A folder inside a working tree is not asked what repository lies around it."""
    (repository / "sub").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="no Git repository"):
        keep_anchor(settings_of(repository=tmp_path / place), "{}", "a", "ic1")


@pytest.mark.parametrize(
    "values",
    [
        {"ref": "refs/heads/main"},
        {"ref": "main"},
        {"ref": "--force"},
        {"remote": "--upload-pack=x"},
        {"remote": "ext::sh -c x"},
    ],
)
def test_what_could_touch_a_branch_or_run_a_program_is_refused(
    tmp_path: Path, values: dict[str, str]
) -> None:
    with pytest.raises(ValidationError):
        settings_of(repository=tmp_path, **values)


def test_a_webhook_gets_the_anchor_and_a_chat_its_mark(journal: Journal, repository: Path) -> None:
    with webhook_server() as (url, got):
        hooks = {
            kind: {"kind": kind, "secret_url": url, "timeout_s": 5}
            for kind in ("generic", "discord", "slack")
        }
        anchors = {"webhooks": hooks, "git": {"audit": {"repository": repository}}}
        sent = send_anchor(journal.store(), AnchorSettings.model_validate(anchors), journal.place, "ic1")
    assert [(each.target, each.ok) for each in sent] == [
        ("audit", True), ("generic", True), ("discord", True), ("slack", True),
    ]  # fmt: skip
    whole, discord, slack = (json.loads(post.body) for post in got)
    assert read_anchor(json.dumps(whole)) == anchor_of(journal.store())
    for line in (discord["content"], slack["text"]):
        assert read_mark(line.splitlines()[-1]) == mark_of(journal.store())
    journal.close()


@pytest.mark.parametrize("case", CASES)
def test_a_mark_proves_what_an_anchor_proves(journal: Journal, tmp_path: Path, case: str) -> None:
    statements, expected = CASES[case]
    mark = mark_of(journal.store())
    journal.append(journal.find("INC-1"), "op1", Noted(text="work goes on"))
    assert verify(journal.store(), mark).findings == ()
    falsify(tmp_path / "journal.db", statements)
    assert [(each.damage, each.number) for each in verify(journal.store(), mark).findings] == expected
    journal.close()


def test_a_backup_of_yesterday_shows_beside_an_anchor_and_a_mark_alone(
    tmp_path: Path, repository: Path
) -> None:
    """The file is whole in itself: without an anchor nobody can know, and that is said with the time of the newest event."""
    file, kept, config = tmp_path / "journal.db", tmp_path / "anchor.json", tmp_path / "warroom.toml"
    fill(f"sqlite:///{file}", tmp_path).close()
    shutil.copy(file, tmp_path / "yesterday.db")
    journal = open_journal(JournalSettings.model_validate({"url": f"sqlite:///{file}"}))
    journal.append(journal.find("INC-2"), "op1", Noted(text="today"))
    journal.open_incident("ic1", Opened(title="of today", severity="SEV2"))
    kept.write_text(anchor_of(journal.store()).text)
    mark = str(mark_of(journal.store()))
    newest = verify(journal.store()).newest
    journal.close()
    config.write_text(
        f'[journal]\nurl = "sqlite:///{file}"\n[journal.anchors.git.audit]\nrepository = "{repository}"\n'
    )

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [PROGRAM, "journal", *arguments, "--config", str(config)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)

    assert run("anchor", "--send").returncode == 0
    assert run("verify", "--against", mark).returncode == 0
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    (tmp_path / "yesterday.db").rename(file)
    plain = run("verify")
    assert plain.returncode == 0
    assert "not compared with an anchor" in plain.stderr
    assert newest not in plain.stderr
    for against in (str(kept), "git:audit"):
        checked = run("verify", "--against", against)
        assert (checked.returncode, checked.stdout) == (1, "INC-2: event 3 was removed\nINC-4 was removed\n")
    checked = run("verify", "--against", mark)
    assert (checked.returncode, checked.stdout) == (
        1,
        "the ledger over all incidents and runs lacks entry 7\n",
    )
    covered = run("anchor", "--send")
    assert covered.returncode == 1
    assert (
        "the journal lacks what the one before it holds: INC-2: event 3 was removed; INC-4" in covered.stderr
    )
    assert git(repository, "rev-list", "--count", REF) == "1", "what the repository knows is not covered up"
    assert "there is no repository x" in run("verify", "--against", "git:x").stderr


def test_nothing_to_send_to_is_said(tmp_path: Path) -> None:
    config = tmp_path / "warroom.toml"
    config.write_text(f'[journal]\nurl = "sqlite:///{tmp_path}/journal.db"\n')
    fill(f"sqlite:///{tmp_path}/journal.db", tmp_path).close()
    command = [PROGRAM, "journal", "anchor", "--send", "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert "[journal.anchors.git.NAME]" in done.stderr


def test_the_newest_incident_is_gone_is_named_by_what_a_repository_keeps(
    journal: Journal, repository: Path, tmp_path: Path
) -> None:
    settings = settings_of(repository=repository)
    keep_anchor(settings, anchor_of(journal.store()).text, "a", "ic1")
    falsify(tmp_path / "journal.db", GONE.format(3))
    text = last_anchor(settings)
    assert text is not None
    assert [each.label for each in verify(journal.store(), read_anchor(text)).findings] == ["INC-3"]
    journal.close()
