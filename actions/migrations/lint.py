"""What squawk says of SQL that is pending: what locks for long or breaks who runs now. Where it is not installed, that is said.

Its rules on style (`prefer-…`) are for whoever writes a migration, not for whoever runs one, and timeouts are set by us: both are
left out. A `.squawk.toml` of the project is read. https://squawkhq.com/docs/rules
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from bisect import bisect_right
from pathlib import Path
from typing import TYPE_CHECKING

from actions.capabilities import Command
from actions.errors import ActionFailed
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actions.migrations.project import Project, RenderedStep
    from actions.model import Context
    from core.message import Message

OURS = ("require-lock-timeout", "require-statement-timeout", "require-timeout-settings")
"""The run sets them itself (`actions.migrations.session.Patience`)."""
STYLE = "prefer-"
MAX_SHOWN = 20
TIMEOUT_S = 20.0


def squawk() -> str | None:
    """The program of the wheel `squawk-cli`: beside our Python, else on PATH."""
    beside = Path(sys.executable).with_name("squawk")
    return str(beside) if os.access(beside, os.X_OK) else shutil.which("squawk")


def lint(
    steps: Sequence[RenderedStep], project: Project, version: int, context: Context
) -> tuple[Message, ...]:
    """What is wrong with the statements, each with the beginning of its own; `version` is the server's (160004)."""
    statements = [each.statement for step in steps for each in step.effects]
    if not statements:
        return ()
    program = squawk()
    if program is None:
        return (say("migrations.not_linted", why=say("migrations.no_squawk")),)
    options = (
        "--reporter",
        "json",
        "--pg-version",
        f"{version // 10_000}.0",
        "--stdin-filepath",
        "pending.sql",
    )
    # One transaction around all, as Alembic has it: what is made in it is nobody's yet.
    texts = ["BEGIN", *statements, "COMMIT"] if all(step.transactional for step in steps) else statements
    script = "".join(f"{text};\n" for text in texts).encode()
    command = Command(argv=(program, *options), cwd=str(project.cwd), stdin=script, timeout_s=TIMEOUT_S)
    try:
        completed = context.processes.read(command)
    except ActionFailed as error:
        return (say("migrations.not_linted", why=error.message),)
    try:
        findings = json.loads(completed.output)
        lines = _starts(texts)
        messages = [
            say(
                "migrations.lint",
                rule=clean(str(each["rule_name"]), 80),
                text=clean(str(each["message"]), 300),
                statement=clean(texts[bisect_right(lines, int(each["line"])) - 1], 80),
            )
            for each in findings
            if each["rule_name"] not in OURS and not str(each["rule_name"]).startswith(STYLE)
        ]
    except (ValueError, TypeError, KeyError, IndexError):
        why = clean(completed.output, 200) or f"exit code {completed.exit_code}"
        return (say("migrations.not_linted", why=why),)
    return tuple({repr(each): each for each in messages}.values())[:MAX_SHOWN]


def _starts(statements: Sequence[str]) -> list[int]:
    """The line (from 0) at which each begins in the script."""
    starts, line = [], 0
    for statement in statements:
        starts.append(line)
        line += statement.count("\n") + 1
    return starts
