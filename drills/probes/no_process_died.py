"""No process dies: the workers, their pools and the service are those that were there before.

Silence is not death: a worker that does not answer is unknown, unless it ran on this machine and its number is gone. Nor is
what an action made, by the journal's word: a worker that was restarted, a release that took the place of another.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.message import say
from drills.probes.model import Probe, ProbeResult
from drills.probes.processes import Processes, is_gone
from signals.reading import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.message import Message
    from drills.probes.made import Made
    from drills.probes.processes import Worker
    from drills.probes.reach import Reach

WATCH_S, START_TOLERANCE_S = 2.0, 1.5


async def _run(reach: Reach) -> ProbeResult:
    before = reach.before or Processes(None, None)
    await asyncio.sleep(WATCH_S)
    after = await reach.processes()
    made = await reach.made(before.at)
    return judge(before, after, made, is_local=reach.target.sandbox is not None)


@dataclass(frozen=True, slots=True)
class Changes:
    """Who died or began anew, who says nothing, how many processes of pools are others now; who was changed by which runs."""

    died: tuple[str, ...]
    silent: tuple[str, ...]
    replaced: int = 0
    made: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def judge(before: Processes, after: Processes, made: Made, *, is_local: bool) -> ProbeResult:
    """What the two moments and the journal say; `is_local`: the workers' numbers are those of this machine."""
    workers = compare_workers(before.workers or {}, after.workers or {}, made, is_local=is_local)
    services = compare_services(before.services or {}, after.services or {}, made)
    died, silent = (*workers.died, *services.died), (*workers.silent, *services.silent)
    changed = {**workers.made, **services.made}
    text, verdict = _sentence(before, died, silent, changed, made)
    numbers: dict[str, float | None] = {
        "workers": None if before.workers is None else len(before.workers),
        "services": None if before.services is None else len(before.services),
        "died": None if died and made.doubt else len(died),
        "changed_by_actions": len(changed),
        "silent": len(silent),
        "pool_processes_replaced": workers.replaced,
    }
    return ProbeResult(id=PROBE.id, verdict=verdict, text=text, numbers=numbers)


def compare_workers(
    before: Mapping[str, Worker], now: Mapping[str, Worker], made: Made, *, is_local: bool
) -> Changes:
    """A pool that replaces its processes by plan loses none; one that grows or shrinks does not, either."""
    died: list[str] = []
    silent: list[str] = []
    changed: dict[str, tuple[str, ...]] = {}
    replaced = 0
    for name, worker in before.items():
        pid, runs = made.follow(name, worker.pid)
        if name not in now:
            (died if is_local and is_gone(pid) else silent).append(name)
            continue
        if runs and now[name].pid == pid:  # its pool is a new one, of which nobody saw the beginning
            changed[name] = runs
            continue
        gone = len(set(worker.children) - set(now[name].children))
        replaced += gone
        is_same_size = len(now[name].children) >= len(worker.children)
        if now[name].pid != worker.pid or (gone and is_same_size and not worker.recycles):
            died.append(name)
    return Changes(tuple(died), tuple(silent), replaced, changed)


def compare_services(before: Mapping[str, float], now: Mapping[str, float], made: Made) -> Changes:
    """By when they say that they started: whoever began after the last release had taken over is not that release's."""
    silent = tuple(name for name in before if name not in now)
    others = [name for name, at in before.items() if name in now and abs(now[name] - at) > START_TOLERANCE_S]
    last = max(made.moves, key=lambda move: move.ended_at, default=None)
    changed = (
        {}
        if last is None
        else {name: (last.run,) for name in others if now[name] <= last.ended_at + START_TOLERANCE_S}
    )
    return Changes(tuple(name for name in others if name not in changed), silent, made=changed)


def _sentence(
    before: Processes,
    died: Sequence[str],
    silent: Sequence[str],
    changed: Mapping[str, Sequence[str]],
    made: Made,
) -> tuple[Message, Verdict]:
    if died and made.doubt is not None:
        return say("probes.others", names=", ".join(died), why=made.doubt), Verdict.UNKNOWN
    if died:
        return say("probes.died", names=", ".join(died)), Verdict.BURNING
    if silent:
        return say("probes.silent", names=", ".join(silent)), Verdict.UNKNOWN
    if before.workers is not None and before.services is not None:
        counts = {"workers": len(before.workers), "services": len(before.services)}
        if not changed:
            return say("probes.alive", **counts), Verdict.OK
        runs = ", ".join(dict.fromkeys(run for each in changed.values() for run in each))
        return say("probes.alive_changed", **counts, names=", ".join(changed), runs=runs), Verdict.OK
    if before.workers is None and before.services is None:
        why = "probes.nobody_tells"
    else:
        why = "probes.workers_unknown" if before.workers is None else "probes.services_unknown"
    return say("probes.unknown", why=say(why)), Verdict.UNKNOWN


PROBE = Probe("no-process-died", _run, last=True)
