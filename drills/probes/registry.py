"""Which probes there are (every module of `drills.probes` that holds a `PROBE`), and asking them."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import SourceError, WarroomError
from core.message import say
from core.text import clean
from drills.probes.model import Probe, ProbeResult
from drills.probes.reach import Reach
from signals.reading import Verdict
from signals.sources import open_sources

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from core.message import Message
    from drills.probes.processes import Processes
    from drills.probes.settings import ProbesSettings
    from drills.target import Target
    from incidents.settings import JournalSettings
    from signals.settings import SignalsSettings

PLACE = Path(__file__).parent


@cache
def probes() -> Mapping[str, Probe]:
    """All of them by id, sorted."""
    modules = [
        importlib.import_module(f"drills.probes.{each.name}") for each in pkgutil.iter_modules([str(PLACE)])
    ]
    probes = {module.__name__: getattr(module, "PROBE", None) for module in modules}
    for name, probe in probes.items():
        if isinstance(probe, Probe) and probe.id != name.rpartition(".")[2].replace("_", "-"):
            raise TypeError(f"{name} holds no PROBE of its name")
    return {probe.id: probe for probe in probes.values() if isinstance(probe, Probe)}


def run_probes(
    target: Target,
    settings: ProbesSettings,
    signals: SignalsSettings,
    ids: Sequence[str] = (),
    *,
    before: Processes | None = None,
    journal: JournalSettings | None = None,
    on_begin: Callable[[str], None] = lambda _: None,
) -> tuple[ProbeResult, ...]:
    """Ask those (all without ids), one after the other, with real requests. Blocks; raises a `WarroomError` for an unknown id.

    `before` are the processes that were there at an earlier moment, before a fault, say; without it those of the beginning.
    `journal` tells what actions have made since.
    """
    known = probes()
    for each in ids:
        if each not in known:
            raise WarroomError(say("probes.no_such", probe=clean(each, 80), known=", ".join(known)))
    chosen = sorted((known[each] for each in dict.fromkeys(ids or known)), key=lambda probe: probe.last)
    return asyncio.run(_run(Reach(target, settings, signals, journal), chosen, before, on_begin))


async def _run(
    reach: Reach, chosen: Sequence[Probe], before: Processes | None, on_begin: Callable[[str], None]
) -> tuple[ProbeResult, ...]:
    results = []
    async with open_sources(reach.signals, lambda _: None) as sources, reach.opened(sources):
        if any(probe.last for probe in chosen):
            reach.before = before or await reach.processes()
        for probe in chosen:
            on_begin(probe.id)
            try:
                results.append(await probe.run(reach))
            except SourceError as error:
                results.append(unknown(probe.id, error.message))
    return tuple(results)


def unknown(probe_id: str, why: Message, **numbers: float | None) -> ProbeResult:
    """What was not measured."""
    return ProbeResult(
        id=probe_id, verdict=Verdict.UNKNOWN, text=say("probes.unknown", why=why), numbers=numbers
    )
