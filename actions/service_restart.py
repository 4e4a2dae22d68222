"""How the service reads anew what was written: by a command of its own, or by a warm restart of its workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.capabilities import Command
from actions.errors import ActionFailed, ActionRefused
from actions.step import Step
from actions.worker_restart import pid_fact, planned_pids, process_ids, restart_workers, restarted
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from pathlib import Path

    from actions.model import Context, Fact, Plan, Verification
    from actions.switch_settings import RestartSettings


def in_checkout(context: Context, path: Path) -> Path:
    """A path of the service, seen from its checkout; raises `ActionRefused` where nobody said where that is."""
    if path.is_absolute():
        return path
    if context.settings.checkout is None:
        raise ActionRefused(say("actions_upkeep.no_checkout", path=clean(str(path), 200)))
    return context.settings.checkout / path


def service_command(context: Context, argv: tuple[str, ...], timeout_s: float) -> Command:
    """One of the service's own commands, in its checkout where there is one."""
    checkout = context.settings.checkout
    return Command(argv=argv, cwd="/" if checkout is None else str(checkout), timeout_s=timeout_s)


def restart_steps(settings: RestartSettings, context: Context) -> tuple[tuple[Step, ...], tuple[Fact, ...]]:
    """What would be done, and the processes that would end."""
    if settings.command:
        return (context.processes.step(service_command(context, settings.command, settings.timeout_s)),), ()
    pids = process_ids(context.workers) if settings.workers else {}
    at = context.clock()
    return (
        tuple(Step(kind="control", text=f"shutdown → {name}") for name in sorted(pids)),
        tuple(pid_fact(name, pids[name], at) for name in sorted(pids)),
    )


def restart_service(settings: RestartSettings, plan: Plan, context: Context) -> None:
    """Raises `ActionFailed` where it did not come back."""
    if settings.command:
        completed = context.processes.run(service_command(context, settings.command, settings.timeout_s))
        if completed.exit_code:
            program = clean(settings.command[0], 80)
            raise ActionFailed(say("actions.exited", program=program, code=completed.exit_code))
    elif settings.workers:
        restart_workers(planned_pids(plan), context, wait_s=settings.timeout_s)


def is_restarted(settings: RestartSettings, plan: Plan, context: Context) -> tuple[Verification, ...]:
    """By the workers' own word; of a command its exit code was all there is."""
    return restarted(planned_pids(plan), context) if settings.workers else ()
