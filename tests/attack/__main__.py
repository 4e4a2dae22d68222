"""`python -m tests.attack [--seconds N] [--seed N] [NAME…]`: every attack in a process of its own, and one table.

Exit code 1 where anything broke: an attack says what, with the seed that does it again.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

from tests.attack.attack import Attack, Broken, Figures, Round

NO_ATTACK = ("__init__", "__main__", "attack")
SHORT_S = 45.0
"""The form that `make check` runs."""
ROUND_S = 120.0
"""In the long form each attack comes several times, with other random numbers."""
GRACE_S = 180.0
"""An attack that goes on for so long after its time hangs, which is a finding: the longest case is 15 s of CPU time."""


def names() -> list[str]:
    """Every module beside this one that is an attack."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in NO_ATTACK)


def load(name: str) -> Attack:
    """The attack of a module."""
    attack: Attack = import_module(f"tests.attack.{name}").ATTACK
    return attack


def main(arguments: list[str]) -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.attack")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names()))
    parser.add_argument("--seconds", type=float, default=SHORT_S)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args(arguments)
    if args.one:
        return run_one(args.names[0], args.seconds, args.seed)
    chosen = args.names or names()
    findings: list[str] = []
    totals: dict[str, Figures] = {name: {} for name in chosen}
    shares = {name: load(name).share for name in chosen}
    rounds = max(1, round(args.seconds / (ROUND_S * len(chosen))))
    for number in range(rounds):
        for name in chosen:
            seconds, seed = args.seconds * shares[name] / sum(shares.values()) / rounds, args.seed + number
            figures, finding = run_apart(name, seconds, seed)
            totals[name] = add(totals[name], figures)
            if finding:
                findings.append(f"{name} (--seed {seed}): {finding}")
                print(f"BROKEN {findings[-1]}", flush=True)  # noqa: T201  # a tool of ours
    for name in chosen:
        print(f"{name:<14} {load(name).what}\n{'':<14} {shown(totals[name])}")  # noqa: T201  # a tool of ours
    print(f"seed {args.seed}, {len(findings)} broken, load {os.getloadavg()[0]:.1f}")  # noqa: T201  # a tool of ours
    return 1 if findings else 0


def run_apart(name: str, seconds: float, seed: int) -> tuple[Figures, str]:
    """One round in a process of its own: its figures, and what broke."""
    command = [sys.executable, "-m", "tests.attack", "--one", name, f"--seconds={seconds}", f"--seed={seed}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            output, _ = process.communicate(timeout=seconds + GRACE_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return {}, f"hung for {GRACE_S:.0f} s after its {seconds:.0f} s"
    try:
        answer = json.loads(output.splitlines()[-1])
    except (ValueError, IndexError):
        return {}, f"its process ended with {process.returncode}: {output[-500:]}"
    return answer["figures"], answer["finding"]


def run_one(name: str, seconds: float, seed: int) -> int:
    """In the process of its own: run, and say what came of it as JSON."""
    attack, figures, finding = load(name), Figures(), ""
    with tempfile.TemporaryDirectory(prefix=f"warroom-attack-{name}-") as folder:
        os.environ |= {
            "XDG_DATA_HOME": folder,
            "XDG_STATE_HOME": folder,
            "WARROOM_LOG": f"{folder}/warroom.log",
        }
        try:
            figures = attack.run(
                Round(random.Random(f"{name}{seed}"), time.monotonic() + seconds, Path(folder))
            )
        except Broken as error:
            finding = str(error)
        except Exception as error:  # noqa: BLE001  # whatever it is, the program let it out
            frame = error.__traceback__
            while frame is not None and frame.tb_next is not None:
                frame = frame.tb_next
            place = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else "?"
            finding = f"{type(error).__name__}: {str(error)[:300]} at {place}"
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures["MB"] = [round(megabytes, 1)]
    if megabytes > attack.max_mb and not finding:
        finding = f"took {megabytes:.0f} MB, allowed are {attack.max_mb}"
    print(json.dumps({"figures": figures, "finding": finding}), flush=True)  # noqa: T201  # to the process above
    os._exit(0)  # threads that still wait for a hostile server are not joined


def add(before: Figures, more: Figures) -> Figures:
    """The figures of both."""
    both = dict(before)
    for name, value in more.items():
        known = both.get(name)
        if isinstance(value, list):
            both[name] = [*(known if isinstance(known, list) else []), *value]
        else:
            both[name] = value + (known if isinstance(known, int) else 0)
    return both


def shown(figures: Figures) -> str:
    """Counts as they are, of samples median, 95th percentile and greatest."""
    parts = []
    for name, value in figures.items():
        if isinstance(value, int):
            parts.append(f"{value} {name}")
        elif value:
            ordered = sorted(value)
            middle, high = (
                ordered[len(ordered) // 2],
                ordered[min(len(ordered) - 1, len(ordered) * 95 // 100)],
            )
            parts.append(f"{name}: median {middle:.3g}, p95 {high:.3g}, most {ordered[-1]:.3g}")
    return " · ".join(parts)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
