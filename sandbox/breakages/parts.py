"""Parts of the stack that stop: processes that end and come back, processes that stand still."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.breakages.model import Breakage, Refused

if TYPE_CHECKING:
    from sandbox.breakages.model import Before, Order, Params, Stack

WORKERS = {"fetch": "worker-1", "analyze": "worker-2"}
"""Which process of the stack a worker is, by what it does."""


def _look_valkey(stack: Stack, _: Params) -> Before:
    return {"running": stack.valkey.is_running}


def _end_valkey(stack: Stack, _: Order, before: Before) -> None:
    if before["running"]:
        stack.valkey.start()


def _child(params: Params) -> str:
    name = params.get("worker", "")
    if name not in WORKERS:
        raise Refused(f"no worker {name!r}: {', '.join(WORKERS)}")
    return WORKERS[name]


def _look_worker(stack: Stack, params: Params) -> Before:
    return {"running": stack.children.is_running(_child(params))}


def _end_worker(stack: Stack, order: Order, before: Before) -> None:
    if before["running"]:
        stack.children.give_back(_child(order.params))


def _stopped(name: str, child: str) -> Breakage:
    """A part that has no supervisor of its own."""

    def look(stack: Stack, _: Params) -> Before:
        if not stack.children.knows(child):
            raise Refused(f"this sandbox has no {child}: it is not on PATH, or was not wanted")
        return {"running": stack.children.is_running(child)}

    def end(stack: Stack, _: Order, before: Before) -> None:
        if before["running"]:
            stack.children.give_back(child)

    return Breakage(name=name, look=look, begin=lambda stack, _: stack.children.take(child), end=end)


BREAKAGES = (
    Breakage(
        name="valkey-stopped",
        look=_look_valkey,
        begin=lambda stack, _: stack.valkey.stop(),
        end=_end_valkey,
    ),
    Breakage(
        name="worker-killed",
        part=_child,
        look=_look_worker,
        begin=lambda stack, order: stack.children.take(_child(order.params)),
        end=_end_worker,
    ),
    Breakage(
        name="worker-hung",
        part=_child,
        look=_look_worker,
        begin=lambda stack, order: stack.children.freeze(_child(order.params)),
        end=lambda stack, order, _: stack.children.thaw(_child(order.params)),
    ),
    _stopped("prometheus-stopped", "prometheus"),
    _stopped("alertmanager-stopped", "alertmanager"),
)
