"""The manual's chaos switches: variables of the service's `.env`, which the sandbox's workers read at each task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.files import read_text, replace_file
from sandbox.breakages.model import Breakage
from sandbox.keys import ENV_FILE, editing, read_variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.breakages.model import Before, Order, Params, Stack


def _breakage(name: str, variable: str, value: Callable[[Params], str]) -> Breakage:
    def look(stack: Stack, _: Params) -> Before:
        return {"value": read_variable(stack.folder / ENV_FILE, variable)}

    def begin(stack: Stack, order: Order) -> None:
        _write(stack, variable, value(order.params))

    def end(stack: Stack, _: Order, before: Before) -> None:
        known = before["value"]
        _write(stack, variable, None if known is None else str(known))

    return Breakage(name=name, look=look, begin=begin, end=end)


def _write(stack: Stack, variable: str, value: str | None) -> None:
    """Only this variable: somebody may have put a new key into the file meanwhile."""
    from actions.env_file import with_value, without

    path = stack.folder / ENV_FILE
    with editing():
        text = read_text(path)
        fresh = without(text, variable) if value is None else with_value(text, variable, value)
        replace_file(path, fresh.encode())


BREAKAGES = (
    _breakage("cache-down", "CHAOS_REDIS_DOWN", lambda _: "true"),
    _breakage("model-latency", "CHAOS_LLM_LATENCY_MS", lambda params: params["ms"]),
    _breakage("model-errors", "CHAOS_LLM_ERROR_RATE", lambda params: params["rate"]),
)
