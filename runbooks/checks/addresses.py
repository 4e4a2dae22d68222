"""Where a check really asks: a drill asks stand-ins, a network behind a proxy another address. The text shows it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runbooks.model import Check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runbooks.model import Block, Runbook, Step


def ask_elsewhere(runbook: Runbook, addresses: Mapping[str, str]) -> Runbook:
    """The runbook whose HTTP checks ask `addresses[x]` wherever their address is `x` or lies below it."""
    if not addresses:
        return runbook
    bases = {asked.rstrip("/"): instead.rstrip("/") for asked, instead in addresses.items()}
    phases = tuple(
        replace(phase, steps=tuple(_step(step, bases) for step in phase.steps)) for phase in runbook.phases
    )
    return replace(runbook, phases=phases)


def _step(step: Step, bases: Mapping[str, str]) -> Step:
    return replace(step, blocks=tuple(_block(block, bases) for block in step.blocks))


def _block(block: Block, bases: Mapping[str, str]) -> Block:
    if not isinstance(block, Check) or block.probe != "http" or block.parameters is None:
        return block
    url = str(block.parameters.get("url", ""))
    base = max((one for one in bases if f"{url}/".startswith(f"{one}/")), key=len, default=None)
    if base is None:
        return block
    moved = bases[base] + url.removeprefix(base)
    return replace(block, parameters={**block.parameters, "url": moved})
