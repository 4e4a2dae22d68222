"""What other parts of the stack do wrong while a mark stands in their file (`state`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.breakages.model import Breakage
from sandbox.breakages.state import read_value, write_value

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.breakages.model import Before, Order, Params, Stack
    from sandbox.breakages.state import Value

PICTURES_GONE, TOKENS_FACTOR, CLOCK_SKEW_S = "pictures_gone", "tokens_factor", "clock_skew_s"
MODEL_SLOW_S = "model_slow_s"


def _breakage(name: str, mark: str, value: Callable[[Params], Value]) -> Breakage:
    def look(stack: Stack, _: Params) -> Before:
        return {"value": read_value(stack.folder, mark)}

    def begin(stack: Stack, order: Order) -> None:
        write_value(stack.folder, mark, value(order.params))

    def end(stack: Stack, _: Order, before: Before) -> None:
        write_value(stack.folder, mark, before["value"])

    return Breakage(name=name, look=look, begin=begin, end=end)


BREAKAGES = (
    _breakage("pictures-gone", PICTURES_GONE, lambda _: True),
    _breakage("dear-model", TOKENS_FACTOR, lambda params: float(params["factor"])),
    _breakage("provider-slow", MODEL_SLOW_S, lambda params: float(params["seconds"])),
    _breakage("clock-skewed", CLOCK_SKEW_S, lambda params: float(params["seconds"])),
)
