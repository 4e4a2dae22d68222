"""Audits an A/B experiment: are the groups what they should be, and is the difference more than chance? No rows: unknown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from actions.errors import ActionRefused
from actions.fits import Fit
from actions.model import Action, Draft, Fact, Outcome, Verification
from actions.parameters import Parameters
from actions.step import Step
from actions.upkeep.statistics import Means, Ratio, Sample, compare_means, sample_ratio
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from actions.model import Context, Plan
    from actions.upkeep_settings import ExperimentSettings

MAX_GROUPS = 100
ANY_NUMBER = 1e12
"""Rows come while the plan is read."""


class Audit(Parameters):
    """What was meant for the control group, and how far back is looked; as configured, unless given."""

    expected_control: Annotated[float | None, Field(gt=0, lt=1)] = None
    days: Annotated[int | None, Field(ge=1, le=366)] = None


def _settings(params: Audit, context: Context) -> ExperimentSettings:
    settings = context.settings.experiment
    if settings is None:
        raise ActionRefused(say("actions.not_configured", section="actions.experiment"))
    given = {name: value for name, value in params if value is not None}
    return settings.model_copy(update=given)


def _groups(settings: ExperimentSettings, context: Context) -> tuple[dict[str, int], dict[str, Sample]]:
    """Sizes and outcomes by group; both queries in one read-only transaction."""
    with context.databases.connect(read_only=True) as connection:
        sizes = connection.execute(settings.assignment_sql.encode(), {"days": settings.days}).fetchmany(
            MAX_GROUPS
        )
        outcomes = connection.execute(settings.outcome_sql.encode(), {"days": settings.days}).fetchmany(
            MAX_GROUPS
        )
    try:
        return (
            {clean(str(group), 40): int(count) for group, count in sizes},
            {
                clean(str(group), 40): Sample(int(count), _number(mean), _number(variance))
                for group, count, mean, variance in outcomes
            },
        )
    except (TypeError, ValueError):
        raise ActionRefused(say("actions_upkeep.ab_shape")) from None


def _number(value: Any) -> float:
    """A group without rows has no mean, one of one row no variance."""
    return math.nan if value is None else float(value)


def plan(params: Audit, context: Context) -> Draft:
    """What is there."""
    settings = _settings(params, context)
    sizes, _ = _groups(settings, context)
    return Draft(
        target=context.databases.place,
        steps=tuple(
            Step(kind="sql", text=" ".join(sql.split()))
            for sql in (settings.assignment_sql, settings.outcome_sql)
        ),
        facts=(
            Fact(
                label=say("actions_upkeep.fact_assigned"),
                value=sum(sizes.values()),
                unit="count",
                at=context.clock(),
                tolerance=ANY_NUMBER,
            ),
        ),
    )


def run(params: Audit, _: Plan, context: Context) -> Outcome:
    """Both tests; a split that is not as planned, and what is not known, are findings."""
    settings = _settings(params, context)
    sizes, outcomes = _groups(settings, context)
    ratio, means = _tests(settings, sizes, outcomes)
    for group in (settings.control, settings.treatment):
        sample = outcomes.get(group)
        rest = f", mean {sample.mean:.4g} of {sample.count}" if sample else ", no outcomes"
        context.print_line(f"{group}: {sizes.get(group, 0)} assigned{rest}")
    others = sorted({*sizes, *outcomes} - {settings.control, settings.treatment})
    if others:
        context.print_line(f"other groups: {', '.join(others)}")
    is_split = ratio is not None and ratio.p_value > settings.alpha
    if ratio is None:
        text = say("actions_upkeep.ab_too_few", minimum=settings.minimum)
    elif not is_split:
        text = say("actions_upkeep.ab_mismatch", p=_rounded(ratio.p_value))
    elif means is None:
        text = say("actions_upkeep.ab_no_outcome", minimum=settings.minimum)
    else:
        key = "ab_differs" if means.p_value <= settings.alpha else "ab_no_difference"
        text = say(
            f"actions_upkeep.{key}",
            difference=_rounded(means.difference),
            low=_rounded(means.ci_low),
            high=_rounded(means.ci_high),
            p=_rounded(means.p_value),
        )
    return Outcome(
        text=text,
        findings=int(not is_split or bool(others)) + int(is_split and means is None),
        document=_document(settings, sizes, outcomes, ratio, means),
    )


def _tests(
    settings: ExperimentSettings, sizes: dict[str, int], outcomes: dict[str, Sample]
) -> tuple[Ratio | None, Means | None]:
    """None where there are too few to say anything, for each test by its own rows."""
    groups = (settings.control, settings.treatment)
    counts = [sizes.get(group, 0) for group in groups]
    enough = sum(counts) >= 2 * settings.minimum
    shares = (settings.expected_control, 1 - settings.expected_control)
    ratio = sample_ratio(counts, shares) if enough else None
    control, treatment = (outcomes.get(group) for group in groups)
    if control is None or treatment is None or min(control.count, treatment.count) < settings.minimum:
        return ratio, None
    return ratio, compare_means(control, treatment, settings.alpha)


def _document(
    settings: ExperimentSettings,
    sizes: dict[str, int],
    outcomes: dict[str, Sample],
    ratio: Ratio | None,
    means: Means | None,
) -> dict[str, object]:
    """Null is not known."""
    a, b = settings.control, settings.treatment
    return {
        "srm": {
            "n_a": sizes.get(a, 0),
            "n_b": sizes.get(b, 0),
            "expected_a": settings.expected_control,
            "chi2": ratio.chi2 if ratio else None,
            "p_value": ratio.p_value if ratio else None,
            "passed": ratio.p_value > settings.alpha if ratio else None,
        },
        "satisfaction": {
            "mean_a": _known(outcomes.get(a)),
            "mean_b": _known(outcomes.get(b)),
            "diff": means.difference if means else None,
            "se": means.standard_error if means else None,
            "z": means.z if means else None,
            "p_value": means.p_value if means else None,
            "ci_low": means.ci_low if means else None,
            "ci_high": means.ci_high if means else None,
            "passed": means.p_value <= settings.alpha if means else None,
        },
    }


def _known(sample: Sample | None) -> float | None:
    return None if sample is None or math.isnan(sample.mean) else sample.mean


def verify(params: Audit, _: Plan, context: Context) -> tuple[Verification, ...]:
    """What could be judged at all; a mismatch is a finding, and no less certain."""
    settings = _settings(params, context)
    sizes, outcomes = _groups(settings, context)
    ratio, means = _tests(settings, sizes, outcomes)
    counts = ", ".join(f"{group} {sizes.get(group, 0)}" for group in (settings.control, settings.treatment))
    answered = ", ".join(
        f"{group} {outcomes[group].count if group in outcomes else 0}"
        for group in (settings.control, settings.treatment)
    )
    return (
        Verification(
            say("actions_upkeep.ab_split_known", counts=counts)
            if ratio
            else say("actions_upkeep.ab_split_unknown", counts=counts),
            ok=True if ratio else None,
        ),
        Verification(
            say("actions_upkeep.ab_means_known", counts=answered)
            if means
            else say("actions_upkeep.ab_means_unknown", counts=answered),
            ok=True if means else None,
        ),
    )


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


ACTION = Action(
    id="ab.audit",
    title=say("actions_catalogue.ab_audit"),
    why=say("actions_catalogue.ab_audit_why"),
    danger="observe",
    parameters=Audit,
    plan=plan,
    run=run,
    verify=verify,
    timeout_s=300.0,
    fits=(Fit("model", 6),),
    needs=("actions.experiment",),
)
