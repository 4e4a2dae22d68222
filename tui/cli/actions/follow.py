"""Follows a run to its end: its whole output, then what became of it, as the exit code says it, too."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from actions.runner.attach import follow
from actions.runner.execute import host_name
from actions.runner.folder import RunFolder
from core.errors import WarroomError
from core.message import say
from response.orphans import SECOND_LOOK_S, is_dead_here, lost
from tui.actions.integrity import output_lost, output_problem
from tui.actions.words import run_state
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    from uuid import UUID

    from actions.runner.request import RunSettings
    from core.message import Message
    from incidents.events.run import Run
    from incidents.journal import Journal
    from tui.cli.command import Invocation

LOOK_S = 0.2
"""How often the journal is asked."""


class _Progress:
    """Asks the journal now and then how the run stands; while it is away, the run is taken to go on."""

    def __init__(self, journal: Journal, run: UUID) -> None:
        self.journal = journal
        self.id = run
        self.run = journal.load_run(run)
        self.lost: Message | None = None
        self._asked_at = self._alive_at = self._beat_at = time.monotonic()
        self._beats: int | None = None

    def is_over(self) -> bool:
        now = time.monotonic()
        if self.run.has_ended or self.lost is not None:
            return True
        if now - self._asked_at >= LOOK_S:
            self._asked_at = now
            try:
                self.run = self.journal.load_run(self.id)
                self.lost = self._lost(now)
            except WarroomError:
                self._alive_at = now
        return self.run.has_ended

    def _lost(self, now: float) -> Message | None:
        """By our own clock, too: that of the journal may have jumped."""
        beat = self.journal.heartbeats().get(self.id)
        if beat is not None and beat.beats != self._beats:
            self._beats, self._beat_at = beat.beats, now
        text = lost(self.run, beat, now - self._alive_at)
        silent = beat is None or now - self._beat_at > SECOND_LOOK_S or is_dead_here(self.run)
        return text if silent else None


def lost_text(journal: Journal, run: Run, waited_s: float) -> Message | None:
    """Why a run that has not ended is no longer waited for."""
    return lost(run, journal.heartbeats().get(run.id), waited_s)


def follow_run(journal: Journal, settings: RunSettings, run_id: UUID, invocation: Invocation) -> ExitCode:
    """Print its output as it comes, and how it ended. Ctrl-C ends the following, not the run."""
    progress = _Progress(journal, run_id)
    label = journal.run_label(run_id)
    folder = RunFolder.of(settings.actions, run_id)
    here = progress.run.host in ("", host_name())
    if not here and not folder.output.exists():
        invocation.print_notice(say("run.elsewhere", host=progress.run.host))
    try:
        for line in follow(folder.output, progress.is_over):
            if not invocation.json:
                invocation.print_line(line)
    except KeyboardInterrupt:
        invocation.print_notice(say("run.goes_on", run=label))
        return ExitCode.INTERRUPTED
    run = progress.run
    if (missing := output_lost(run)) is not None:
        invocation.print_notice(missing)
    if invocation.json:
        invocation.print_json(run_json(label, run, folder, invocation))
    elif progress.lost is not None:
        invocation.print_notice(progress.lost)
    else:
        invocation.print_notice(say("run.ended", run=label, state=run_state(run)))
        for check, result in zip(run.checks, run.results, strict=True):
            key = {True: "run.check", False: "run.check_failed", None: "run.check_unknown"}[result]
            invocation.print_notice(say(key, text=check.message))
    return run_exit(run)


def run_exit(run: Run) -> ExitCode:
    """0 done and verified, 1 failed, not verified, unknown or findings, 2 refused before anything was done."""
    is_well = run.verified is not False and not run.is_unknown
    if run.state == "finished" and is_well and not run.exit_code:
        return ExitCode.OK
    if run.state in ("failed", "planned", "approved") and not run.was_begun:
        return ExitCode.UNKNOWN
    return ExitCode.BURNING


def run_json(label: str, run: Run, folder: RunFolder, invocation: Invocation) -> dict[str, object]:
    """A run for programs, with what its action gave to them (`Outcome.document`)."""
    altered = output_problem(run, folder.output)
    return {
        **folder.read_document(),
        "run": label,
        "uuid": str(run.id),
        "action": run.action,
        "params": dict(run.params),
        "danger": run.planned.danger,
        "resource": run.resource,
        "state": run.state,
        "verified": run.verified,
        "checks": [invocation.words.say(check.message) for check in run.checks],
        "said": invocation.words.say(run.said.message) if run.said else "",
        "exit_code": run.exit_code,
        "planned_by": run.planned_by,
        "host": run.host,
        "digest": run.planned.digest,
        "until": run.until.isoformat() if run.until else None,
        "output": None
        if run.output is None
        else {
            "file": str(folder.output),
            "size": run.output.size,
            "sha256": run.output.sha256,
            "lost": run.output.lost,
        },
        "output_intact": None if run.output is None or not folder.output.exists() else altered is None,
    }
