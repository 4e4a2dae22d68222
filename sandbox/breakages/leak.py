"""A key that got out: into a commit, out of the next one, and into a log."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from sandbox.access import write_private
from sandbox.breakages.model import Breakage, Refused
from sandbox.keys import ENV_FILE, PROVIDERS, read_keys

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.breakages.model import Before, Order, Params, Stack

REPOSITORY, LOG = "repository", "bot-debug.log"
GIT_S = 20
_GIT = ("git", "-c", "user.name=dev", "-c", "user.email=dev@example.invalid", "-c", "commit.gpgsign=false")
_LOG_LINE = "2026-01-01T00:00:00Z DEBUG httpx request headers={{'{header}': '{value}'}}\n"


def _look(stack: Stack, params: Params) -> Before:
    if shutil.which("git") is None:
        raise Refused("git is not on PATH")
    if params["secret"] not in read_keys(stack.folder / ENV_FILE):
        raise Refused(f"no key {params['secret']!r}")
    before: Before = {name: (stack.folder / name).exists() for name in (REPOSITORY, LOG)}
    if any(before.values()):
        raise Refused(f"{REPOSITORY} or {LOG} is there already")
    return before


def _begin(stack: Stack, order: Order) -> None:
    provider = PROVIDERS[order.params["secret"]]
    key = read_keys(stack.folder / ENV_FILE)[order.params["secret"]]
    repository = stack.folder / REPOSITORY
    repository.mkdir()
    _git(repository, "init", "-q", "-b", "main")
    for name, text, subject in (
        ("bot.py", "print('ready')\n", "Start the bot"),
        ("settings.env", f"{provider.variable}={key}\n", "Make it run on my machine"),
        ("settings.env", f"{provider.variable}=\n", "Clean up"),
    ):
        (repository / name).write_text(text, encoding="utf-8")
        _git(repository, "add", name)
        _git(repository, "commit", "-q", "-m", subject)
    value = provider.scheme + key
    write_private(stack.folder / LOG, _LOG_LINE.format(header=provider.header, value=value))


def _end(stack: Stack, _: Order, before: Before) -> None:
    if not before[REPOSITORY]:
        shutil.rmtree(stack.folder / REPOSITORY, ignore_errors=True)
    if not before[LOG]:
        (stack.folder / LOG).unlink(missing_ok=True)


def _git(repository: Path, *words: str) -> None:
    """Git that knows no configuration of the user's."""
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/", "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        [*_GIT, *words],
        cwd=repository,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=GIT_S,
    )
    if done.returncode:
        raise Refused(f"git {words[0]}: {done.stderr.strip()[-200:]}")


BREAKAGES = (Breakage(name="key-leaked", look=_look, begin=_begin, end=_end),)
