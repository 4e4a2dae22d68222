"""`warroom drill run NAME`: plays a scenario on a running target, or on a disposable sandbox of its own."""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING

from tui.cli.drill.confirmed import confirmed_plans
from tui.cli.drill.verb import Verb
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from core.message import Message
    from drills.conduct import Played
    from drills.configured.plans import FaultPlan
    from drills.scenarios.model import Move, Scenario
    from drills.site import Site
    from drills.state import DrillCommand, DrillState
    from tui.cli.command import Invocation
    from tui.i18n import Language

FAST_LIMIT_S = 300.0
"""Of a drill with `--fast`: a full one is over in ninety seconds on a machine that does nothing else, and in more on a busy one."""
TIDY_S = 60.0
WRONG_S = 5.0
IDLE_LIMIT_S = 20.0
"""With `--fast` nobody waits long for those who do nothing."""


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """Which scenario, and who plays it."""
    parser.add_argument("scenario", metavar="NAME", help=words.text("drill.argument_scenario"))
    parser.add_argument(
        "--autopilot",
        nargs="?",
        const="good",
        default="",
        choices=("good", "idle", "wrong"),
        help=words.text("drill.option_autopilot"),
    )
    parser.add_argument("--fast", action="store_true", default=False, help=words.text("drill.option_fast"))
    parser.add_argument(
        "--sandbox", action="store_true", default=False, help=words.text("drill.option_sandbox")
    )
    parser.add_argument("--confirm", default="", metavar="NAME", help=words.text("drill.option_confirm"))


def run(args: argparse.Namespace, invocation: Invocation) -> int:
    """0: it was played to its end. 1: it did not recover, or something was not lifted. 2: it was refused."""
    from drills.faults.errors import NoSuchFault, NotInjected
    from drills.scenarios.library import find_scenario, scenario_folders
    from drills.settings import records_folder
    from drills.steady import DrillGivenUp, DrillRefused
    from tui.cli.resources import config_or_default
    from tui.drills.place import read_site

    own = config_or_default(invocation)
    scenario = find_scenario(scenario_folders(own.drills), args.scenario)
    with ExitStack() as stack:
        try:
            path = _target(args, scenario, invocation, stack)
            site = read_site(path, invocation.words.code, records_folder(own.drills), own.journal)
            if not args.autopilot:
                _brief(scenario, site, path, invocation)
            plans = confirmed_plans(scenario, site, args, invocation) if site.target.sandbox is None else ()
            drill = _Drill(scenario, site, args, invocation, plans)
            played = drill.play()
        except (DrillRefused, NotInjected, NoSuchFault) as error:
            invocation.print_notice(error.message)
            is_given_up = isinstance(error, DrillGivenUp)
            return 128 + (drill.interrupted_by or signal.SIGINT) if is_given_up else ExitCode.UNKNOWN
    _print_result(played, invocation)
    facts = played.facts
    is_lifted = all(each.state in ("lifted", "failed") for each in facts.injections)
    if is_lifted and drill.interrupted_by:
        return 128 + drill.interrupted_by
    is_recovered = facts.recovered_at is not None or args.autopilot in ("idle", "wrong")
    return ExitCode.OK if is_lifted and is_recovered else ExitCode.BURNING


def _brief(scenario: Scenario, site: Site, config: Path, invocation: Invocation) -> None:
    """What the drill master has to know to play it with people: what it is about, and how they join."""
    from core.message import say
    from core.units import duration
    from drills.portal import portal_address

    language = site.language
    notes = [
        say("drill.brief", title=scenario.title.of(language), about=scenario.about.of(language)),
        say("drill.brief_join", config=str(config.absolute())),
    ]
    for secret in dict.fromkeys(
        move.text for move in scenario.autopilot.get("good", ()) if move.do == "portal"
    ):
        address = portal_address(site, secret)
        if address is not None:
            header = f"{site.target.sandbox}/control.header"
            notes.append(say("drill.brief_portal", secret=secret, header=header, address=address))
    notes.append(say("drill.brief_limit", limit=duration(scenario.limit_s)))
    for note in notes:
        invocation.print_notice(note)


def _target(args: argparse.Namespace, scenario: Scenario, invocation: Invocation, stack: ExitStack) -> Path:
    """The configuration of what is broken: the sandbox that runs where one is configured, else one of our own.

    A configured system is only where it was named, by `--config` or by the scenario (`where: configured`).
    """
    from core.message import say
    from drills.target import find_target
    from tui.config.file import ConfigNotFound, find_config
    from tui.drills.place import own_sandbox

    if not args.sandbox:
        try:
            path = find_config(invocation.config_path)
            config = invocation.config()
            target = find_target(path, config.service.environment, config.actions.checkout)
            is_meant = invocation.config_path is not None or scenario.where == "configured"
            if target.sandbox is not None or is_meant:
                return path
        except ConfigNotFound:
            if scenario.where == "configured":
                raise
    invocation.print_notice(say("drill.sandbox_starts"))
    return stack.enter_context(own_sandbox())


@dataclass
class _Drill:
    """One drill on the command line: the conductor in this thread, the autopilot in another."""

    scenario: Scenario
    site: Site
    args: argparse.Namespace
    invocation: Invocation
    plans: Sequence[FaultPlan] = ()
    state: DrillState | None = None
    commands: SimpleQueue[DrillCommand] = field(default_factory=SimpleQueue)
    over: threading.Event = field(default_factory=threading.Event)
    printed: set[str] = field(default_factory=set)
    interrupted_by: int = 0
    """The signal that ended it; 0 without any."""

    def play(self) -> Played:
        """See `drills.conduct.conduct`."""
        from drills.conduct import conduct
        from incidents.settings import actor_name

        mode = self.args.autopilot
        before = signal.signal(signal.SIGINT, self._interrupt), signal.signal(signal.SIGTERM, self._interrupt)
        pilot = threading.Thread(target=self._pilot, args=(self._moves(),), daemon=True)
        try:
            pilot.start()
            return conduct(
                self.scenario,
                self.site,
                master=actor_name(self.site.run.journal),
                commands=self.commands,
                on_state=self._on_state,
                autopilot=mode,
                limit_s=self._limit_s(),
                plans=self.plans,
                on_wait=self._on_wait,
            )
        finally:
            self.over.set()
            pilot.join(TIDY_S)
            signal.signal(signal.SIGINT, before[0])
            signal.signal(signal.SIGTERM, before[1])

    def _moves(self) -> Sequence[Move]:
        mode = self.args.autopilot
        return self.scenario.autopilot.get(mode, ()) if mode in ("good", "wrong") else ()

    def _limit_s(self) -> float | None:
        if not self.args.fast:
            return None
        return IDLE_LIMIT_S if self.args.autopilot == "idle" else FAST_LIMIT_S

    def _pilot(self, moves: Sequence[Move]) -> None:
        from core.errors import WarroomError
        from core.message import say
        from drills.autopilot import Autopilot

        if not moves:
            return
        pilot = Autopilot(
            self.scenario,
            self.site,
            state=lambda: self.state,
            is_over=self.over.is_set,
            say_move=self.invocation.print_notice,
        )
        while (self.state is None or self.state.phase == "steady") and not self.over.is_set():
            self.over.wait(0.1)  # it begins with the first fault
        try:
            pilot.play(tuple(moves))
            if self.args.fast and self.args.autopilot == "wrong":  # nothing more is to come of it
                self.over.wait(WRONG_S)
                self._abort()
            self.over.wait()  # what it has in force stays until the drill is over
            pilot.tidy()
        except WarroomError as error:
            self.invocation.print_notice(say("drill.autopilot_ended", why=error.message))

    def _interrupt(self, number: int, _frame: object) -> None:
        self.interrupted_by = number
        self._abort()

    def _abort(self) -> None:
        from drills.state import Abort

        self.commands.put(Abort())

    def _on_wait(self, runs: tuple[str, ...]) -> None:
        from core.message import say

        for run in runs:
            self._tell(f"waits{run}", say("drill.waits_second", run=run))

    def _on_state(self, state: DrillState) -> None:
        from core.message import say

        self.state = state
        if state.phase == "steady":
            self._say_waits(state)
        for injection in state.facts.injections:
            self._tell(
                f"{injection.id}{injection.state}",
                say(f"drill.fault_{injection.state}", fault=injection.fault),
            )
        for name in state.facts.shown:
            self._tell(f"shown{name}", say("drill.signal_shown", signal=name))
        for problem in state.problems:
            self._tell(repr(problem), problem)

    def _say_waits(self, state: DrillState) -> None:
        """Once for each check: what it waits for, and how long at most."""
        from core.message import say
        from core.units import duration
        from drills.steady import patience_s
        from signals.reading import Verdict

        for check in state.checks:
            if check.verdict is not Verdict.OK:
                limit = duration(patience_s(self.scenario))
                self._tell(
                    f"waits{check.id}", say("drill.waits", check=check.id, text=check.text, limit=limit)
                )

    def _tell(self, key: str, text: Message) -> None:
        if key not in self.printed and not key.endswith(("injecting", "lifting")):
            self.printed.add(key)
            self.invocation.print_notice(text)


def _print_result(played: Played, invocation: Invocation) -> None:
    from core.message import say

    words, score = invocation.words, played.score
    if invocation.json:
        extra = {"record": str(played.file), "id": played.facts.id}
        invocation.print_json(score.to_json(words.say) | extra)
        return
    for result in score.oracles:
        mark = {True: "✔", False: "✖", None: "?"}[result.passed]
        invocation.print_line(f" {mark} {result.id}: {words.say(result.evidence)}")
    invocation.print_line(
        words.say(say("drill.result", score=score.score, ending=say(f"drill.ending_{score.ending}")))
    )
    invocation.print_line(words.say(say("drill.record_at", file=str(played.file), id=played.facts.id)))


VERB = Verb(summary="drill.verb_run", add_arguments=add_arguments, run=run)
