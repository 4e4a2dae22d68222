"""Gates: commands that must be green before a release goes out. All of them are run, and each is named with its time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actions.capabilities import Command
from actions.errors import ActionFailed
from actions.template import fill, filled
from core.message import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actions.model import Context
    from actions.release_settings import ReleaseGate
    from core.message import Message

MAX_KEPT = 20_000
"""So much of the end of a gate's output stands in the document; the run's output has it whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """How a gate ended. `exit_code` is None where it did not end by itself: then `why` says what happened."""

    id: str
    exit_code: int | None
    seconds: float
    output: str
    why: Message | None = None

    @property
    def is_green(self) -> bool:
        """Only exit code 0 is."""
        return self.exit_code == 0

    def document(self) -> dict[str, object]:
        """For programs."""
        return {
            "id": self.id,
            "green": self.is_green,
            "exit_code": self.exit_code,
            "seconds": round(self.seconds, 2),
            "output": self.output[-MAX_KEPT:],
        }


def gate_command(gate: ReleaseGate, version: str) -> Command:
    """As it is run; its variables are not shown."""
    values = {"version": version}
    return Command(
        argv=filled(gate.argv, values),
        cwd=fill(gate.cwd, values),
        environment=gate.environment,
        secret_environment={
            name: value.get_secret_value() for name, value in gate.secret_environment.items()
        },
        timeout_s=gate.timeout_s,
    )


def run_gates(gates: Sequence[ReleaseGate], version: str, context: Context) -> tuple[GateResult, ...]:
    """All of them one after another, also behind a red one: who repairs wants to know every one."""
    return tuple(_run(gate, version, context) for gate in gates)


def gate_line(result: GateResult) -> Message:
    """One gate in words."""
    if result.is_green:
        return say("releases.gate_green", id=result.id, seconds=round(result.seconds, 1))
    why = result.why or say(
        "releases.gate_exit", code=result.exit_code if result.exit_code is not None else "?"
    )
    return say("releases.gate_red", id=result.id, seconds=round(result.seconds, 1), why=why)


def _run(gate: ReleaseGate, version: str, context: Context) -> GateResult:
    context.print_line(f"== {gate.id}")
    began = time.monotonic()
    try:
        done = context.processes.run(gate_command(gate, version))
    except ActionFailed as error:  # not started, or too late: red, and the next one is run
        result = GateResult(
            id=gate.id, exit_code=None, seconds=time.monotonic() - began, output="", why=error.message
        )
    else:
        seconds = time.monotonic() - began
        result = GateResult(id=gate.id, exit_code=done.exit_code, seconds=seconds, output=done.output)
    word = "green" if result.is_green else "RED"
    context.print_line(f"== {gate.id}: {word}, {result.seconds:.1f} s")
    return result
