"""Faults of the sandbox: a breakage of its supervisor, which knows the deadline, too, and mends by itself."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from actions.parameters import Parameters
from core.message import say
from drills.faults.errors import NotInjected
from drills.faults.model import Fault
from sandbox.breakages.control import SandboxGone, ask

if TYPE_CHECKING:
    from pathlib import Path

    from drills.faults.model import Before, Order
    from drills.target import Target


class NoParameters(Parameters):
    """Of a fault that has none."""


def sandbox_fault(
    fault_id: str,
    breakage: str,
    parameters: type[Parameters] = NoParameters,
    *,
    configured: bool = False,
    default_s: float = 300.0,
) -> Fault:
    """A fault whose parameters are those of the breakage; `configured`: a real system can have a switch for it, too."""

    def look(target: Target, params: Parameters) -> Before:
        before: Before = ask(_folder(target), "look", name=breakage, params=params.shown())["before"]
        return before

    def inject(order: Order, params: Parameters, before: Before) -> None:
        ask(
            _folder(order.target),
            "begin",
            name=breakage,
            params=params.shown(),
            id=order.id,
            before=before,
            for_s=order.for_s,
        )

    def lift(order: Order, params: Parameters, before: Before) -> None:
        del params, before  # the sandbox holds both
        with suppress(SandboxGone):  # and all that was broken in it with it
            ask(_folder(order.target), "end", id=order.id)

    return Fault(
        id=fault_id,
        parameters=parameters,
        where=frozenset({"sandbox", "configured"} if configured else {"sandbox"}),
        look=look,
        inject=inject,
        lift=lift,
        default_s=default_s,
    )


def _folder(target: Target) -> Path:
    if target.sandbox is None:
        raise NotInjected(say("faults.no_sandbox"))
    return target.sandbox
