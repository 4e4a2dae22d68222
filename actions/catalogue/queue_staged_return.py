"""Brings work back after a storm: 10, 25, 50, 100 % of its rate, a step back as soon as refusals rise, and on from there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from actions.check_settings import CheckSettings
from actions.errors import ActionFailed, BadParameter
from actions.fits import Fit
from actions.model import DEFAULT_LASTS_S, Action, ActionCall, Draft, Fact, Outcome, Undo, Verification
from actions.parameters import Duration, Line, Names, Parameters
from actions.queue_settings import RATE
from actions.queues.broker import open_queue
from actions.queues.consumers import read_consumers
from actions.queues.consumers_before import recall
from actions.queues.return_course import FULL, Course, read_standing, write_standing
from actions.queues.revoked import waiting_tasks
from actions.queues.staged_return import (
    go_back_to_work,
    keep_share,
    set_share,
    stands_by_workers,
    verify_share,
)
from actions.rate_limits import read_all_limits
from actions.step import Step
from core.message import say

if TYPE_CHECKING:
    from actions.model import Context, Plan
    from actions.settings import ActionsSettings
    from core.message import Message

ANY_NUMBER = 1e12
"""What is held grows while the plan is read."""
STAGES = (10, 25, 50, 100)


def _shares(value: object) -> object:
    return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value


def _rising(shares: tuple[int, ...]) -> tuple[int, ...]:
    if not shares or list(shares) != sorted(set(shares)) or not 1 <= shares[0] <= shares[-1] <= FULL:
        raise PydanticCustomError("stages", "rising percentages, such as 10,25,50,100")
    return shares


class StagedReturn(Parameters):
    """What comes back, and how. Without `tasks`, `rate`, `queues` and `watch` it is as the configuration says.

    `rate` is 100 % of each task on each worker, `processes` 100 % of each worker's pool where that shall grow, too; `watch` a PromQL expression that must not exceed `limit`; `workers` who shall
    consume the queues where nobody remembers; `after` is `none` where no limit shall be left at the end; `lift` takes all
    limits away at once.
    """

    tasks: Names = ()
    rate: Annotated[str, Field(pattern=rf"{RATE}|^$")] = ""
    queues: Names = ()
    stages: Annotated[tuple[int, ...], BeforeValidator(_shares), AfterValidator(_rising)] = STAGES
    stage: Duration = 600.0
    watch: Line = ""
    limit: float | None = None
    workers: Names = ()
    processes: Annotated[int | None, Field(ge=1, le=256)] = None
    after: Annotated[str, Field(pattern="^(none|rate)$")] = "rate"
    lift: bool = False

    def rates(self, settings: ActionsSettings) -> dict[str, str]:
        """By task."""
        configured = settings.staged_return.rates
        tasks = self.tasks or tuple(configured)
        return {task: self.rate or configured.get(task, "") for task in tasks}

    def course(self, settings: ActionsSettings) -> Course:
        """As it is meant; raises `BadParameter`."""
        rates = self.rates(settings)
        without = next((task for task, rate in rates.items() if not rate), None)
        if without is not None:
            raise BadParameter(say("actions_queues.return_no_rate", task=without))
        if bool(self.watch) != (self.limit is not None):
            raise BadParameter(say("actions.parameter_missing", name="limit" if self.watch else "watch"))
        own = (
            (CheckSettings(promql=self.watch, expect=f"<= {self.limit:g}"),) if self.limit is not None else ()
        )
        return Course(
            rates=rates,
            queues=self.queues or settings.staged_return.queues,
            shares=self.stages,
            stage_s=self.stage,
            refusals=tuple(check.check() for check in own or settings.staged_return.refusals),
            workers=self.workers,
            processes=self.processes,
            lift=self.after == "none",
        )


def plan(params: StagedReturn, context: Context) -> Draft:
    """Where it begins, every stage with its limits, and what is held."""
    course = params.course(context.settings)
    by_task, answered = read_all_limits(context.workers, course.rates)
    standing, at = read_standing(context, course), context.clock()
    elsewhere = None if standing is not None or not answered else stands_by_workers(course, context)
    first = standing.share if standing is not None else elsewhere or course.shares[0]
    shares = (FULL,) if params.lift else tuple(share for share in course.shares if share >= first)
    aside = {queue: open_queue(context, queue).count()[1] for queue in course.queues}
    known = {task: limits for task, limits in by_task.items() if limits}
    return Draft(
        target=", ".join((*course.rates, *course.queues)) or "celery/pool",
        steps=(
            *(
                Step(kind="control", text=f"{share} %: rate_limit {task} {course.rate_at(task, share)}")
                for share in shares
                for task in known
            ),
            *(
                Step(kind="control", text=f"{share} %: pool of {course.processes_at(share)}")
                for share in shares
                if course.processes is not None
            ),
            *(
                Step(kind="redis", text=f"{queue}:warroom-held → {queue}")
                for queue, count in aside.items()
                if count
            ),
            *(
                Step(kind="control", text=f"add_consumer {queue} → {worker}")
                for queue in course.queues
                for worker in course.workers or recall(context, queue)
            ),
        ),
        effects=tuple(
            Fact(
                label=say("actions_queues.fact_held", queue=queue),
                value=count,
                unit="count",
                at=at,
                tolerance=ANY_NUMBER,
            )
            for queue, count in aside.items()
        ),
        facts=(
            Fact(label=say("actions.fact_workers"), value=", ".join(answered), at=at),
            Fact(label=say("actions_queues.fact_begins"), value=f"{shares[0] if shares else first} %", at=at),
        ),
        blockers=_blockers(params, course, answered, known, context),
        warnings=(
            *(
                (say("actions_queues.return_goes_on", share=standing.share, state=standing.state),)
                if standing
                else ()
            ),
            *((say("actions_queues.return_stands", share=elsewhere),) if elsewhere is not None else ()),
            *(say("actions.task_unknown", task=task) for task in course.rates if task not in known),
            *_unlimited(course, context),
            say("actions.throttle_per_worker"),
        ),
        undo=Undo(
            say("actions_queues.undo_return"),
            ActionCall("queue.staged-return", {**_given(params), "lift": "true"}),
        ),
    )


def _given(params: StagedReturn) -> dict[str, str]:
    """What was asked for, without what is as it is by default."""
    given = {
        name
        for name in type(params).model_fields
        if getattr(params, name) != type(params).model_fields[name].default
    }
    return {name: text for name, text in params.revealed().items() if name in given}


def _blockers(
    params: StagedReturn,
    course: Course,
    answered: tuple[str, ...],
    known: dict[str, dict[str, str]],
    context: Context,
) -> tuple[Message, ...]:
    if not course.rates and course.processes is None:
        return (say("actions.not_configured", section="actions.staged_return"),)
    if not answered:
        return (say("actions.no_worker_answered"),)
    if not known and course.processes is None:
        return (say("actions_queues.return_no_task"),)
    if not course.refusals and not params.lift:
        return (say("actions_queues.return_no_check"),)
    return tuple(
        say("actions_queues.return_no_consumer", queue=queue)
        for queue in course.queues
        if not (course.workers or recall(context, queue) or read_consumers(context.workers, queue)[0])
    )


def _unlimited(course: Course, context: Context) -> tuple[Message, ...]:
    """Other tasks that wait in these queues come back at once."""
    if not course.queues:
        return ()
    others = waiting_tasks(context, course.queues)
    names = sorted(name for name in others if name not in course.rates)
    return (say("actions_queues.return_unlimited", tasks=", ".join(names[:10])),) if names else ()


def run(params: StagedReturn, _: Plan, context: Context) -> Outcome:
    """From where it stands to the last stage; where it stays on the way, the run failed and says at which share."""
    course = params.course(context.settings)
    if params.lift:
        set_share(course, FULL, context)
        write_standing(context, course, FULL, "done")
        return Outcome(text=say("actions_queues.lifted"), is_lasting=False)
    go_back_to_work(course, context)
    last = course.shares[-1]
    return Outcome(text=say("actions_queues.returned", share=last), is_lasting=last < FULL)


def verify(params: StagedReturn, _: Plan, context: Context) -> tuple[Verification, ...]:
    """Whether it is so where it stands."""
    course = params.course(context.settings)
    standing = read_standing(context, course)
    share = standing.share if standing is not None else FULL if params.lift else course.shares[-1]
    return verify_share(course, share, context)


def keep(params: StagedReturn, _: Plan, context: Context) -> tuple[Message, ...]:
    """While it has not come to its end."""
    course = params.course(context.settings)
    standing = read_standing(context, course)
    if standing is None:
        raise ActionFailed(say("actions_queues.return_elsewhere"))
    return keep_share(course, standing.share, context)


def _takes_over(params: StagedReturn, settings: ActionsSettings) -> tuple[tuple[str, str], ...]:
    queues = params.queues or settings.staged_return.queues
    return (
        *((("queue.pool", "celery/pool"),) if params.processes else ()),
        *(("queue.throttle", f"celery/{task}/rate") for task in params.rates(settings)),
        *(("queue.hold", f"queue/{queue}") for queue in queues),
        *(("queue.stop-consuming", f"queue/{queue}") for queue in queues),
    )


ACTION = Action(
    id="queue.staged-return",
    title=say("actions_catalogue.queue_staged_return"),
    why=say("actions_catalogue.queue_staged_return_why"),
    danger="mitigate",
    parameters=StagedReturn,
    resource=lambda params: "return " + (",".join(sorted(params.tasks)) or "configured"),
    plan=plan,
    run=run,
    verify=verify,
    keep=keep,
    takes_over=_takes_over,
    lasts_s=DEFAULT_LASTS_S,
    timeout_s=12 * 3600.0,
    fits=(Fit("requests", 5), Fit("queue", 5)),
    needs=("signals.celery",),
    undone_by="queue.staged-return",
)
