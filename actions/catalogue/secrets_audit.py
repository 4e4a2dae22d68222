"""Looks for secrets in a folder, its Git history, logs and environment files; every place becomes a line to work off."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from actions.fits import Fit
from actions.model import Action, Draft, Fact, Outcome, Undo, Verification
from actions.parameters import Duration, Parameters, harmless
from actions.secrets.audit import AuditSettings, audit, scanners
from actions.secrets.model import Verdict, Where
from actions.secrets.progress import progress_line
from actions.secrets.scanner import Limit
from actions.secrets.verdicts import first_place, last_audit
from actions.step import Step
from core.message import say
from incidents.events.audit_body import AuditItem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actions.model import Context, Plan
    from actions.secrets.model import Audit, Finding, Unread
    from core.message import Message

TIMEOUT_S = 3600.0
LIMIT_S = 3000.0
"""How long the scanners have: what they have not read by then is named, and there is time left to say what they saw."""
MAX_ROWS = 300
"""Nobody works off more in one incident; how many there are is said, and `warroom secrets` has them all."""


def _absolute(path: Path) -> Path:
    """The runner stands in another folder than the person who asks."""
    harmless(str(path))
    return path.absolute()


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise PydanticCustomError("no_folder", "there is no such folder")
    return path


def _paths(value: object) -> object:
    return tuple(part for part in value.split(",") if part) if isinstance(value, str) else value


class AuditParameters(Parameters):
    """Where to look; `logs` are files and folders outside of `path`, separated by commas. `limit` is how long scanners have."""

    path: Annotated[Path, AfterValidator(_absolute), AfterValidator(_folder)] = Path()
    logs: Annotated[tuple[Annotated[Path, AfterValidator(_absolute)], ...], BeforeValidator(_paths)] = ()
    second_opinion: bool = True
    limit: Annotated[Duration, Field(le=LIMIT_S)] = LIMIT_S


def plan(params: AuditParameters, context: Context) -> Draft:
    """Which scanners look where."""
    names = scanners(second_opinion=params.second_opinion)
    return Draft(
        target=str(params.path),
        steps=tuple(
            Step(kind="file", text=f"{name}: {path}")
            for path in (params.path, *params.logs)
            for name in names
        ),
        facts=(Fact(label=say("secrets.fact_scanners"), value=", ".join(names), at=context.clock()),),
        warnings=() if len(names) > 1 else (say("secrets.no_scanner"),),
        undo=Undo(say("secrets.changes_nothing")),
    )


def run(params: AuditParameters, _: Plan, context: Context) -> Outcome:
    """Look, print each place, and count the values that nobody has called false or accepted."""
    result = _audit(params, context)
    for finding in result.findings:
        context.print_line(_line(finding, is_new=finding.fingerprint in result.new))
    for fingerprint in sorted(result.gone):
        context.print_line(f"{fingerprint} gone: the last audit of this folder had it")
    for unread in result.scanned.unread:
        context.print_line(f"not read: {unread.place}: {_why(unread)}")
    items = result.items()
    open_items = sum(map(_is_open, items.values()))
    rows = tuple(sorted((_item(each) for each in items.values() if _is_open(each)), key=_row_order))[
        :MAX_ROWS
    ]
    if open_items > len(rows):
        context.print_line(
            f"{open_items - len(rows)} more values are no rows of an incident: `warroom secrets`"
        )
    return Outcome(
        text=_text(result, open_items),
        findings=open_items,
        document=result.to_json(),
        items=rows,
    )


def verify(params: AuditParameters, _: Plan, context: Context) -> tuple[Verification, ...]:
    """Whether all of it could be read: an audit that is not whole proves nothing."""
    last = last_audit(context.folder / "secrets", params.path)
    if last is None or last.unread:
        return (Verification(say("secrets.looked_at_not_all", path=str(params.path)), ok=None),)
    return (Verification(say("secrets.looked_at", path=str(params.path)), ok=True),)


def _audit(params: AuditParameters, context: Context) -> Audit:
    state = context.folder / "secrets"
    settings = AuditSettings(
        folder=params.path,
        logs=params.logs,
        state=state,
        cache=state / "cache",
        decisions=state / "decisions.json",
        second_opinion=params.second_opinion,
    )
    now = dt.datetime.fromtimestamp(context.clock(), dt.UTC)
    limit = Limit(params.limit, context.processes.beside)
    return audit(settings, lambda progress: context.print_line(progress_line(progress)), now, limit)


def _why(unread: Unread) -> str:
    values = unread.why.values
    if unread.after_s is not None:
        return f"gave up after {values['seconds']} s, {values['processor_s']} s of them on a processor"
    return str(values.get("detail") or unread.why.key.rpartition(".")[2])


def _line(finding: Finding, *, is_new: bool) -> str:
    place = f"{finding.file}:{finding.line}"
    commit = f" {finding.commit[:12]}" if finding.where is Where.HISTORY and finding.commit else ""
    head = {True: " in HEAD", False: "", None: ""}[finding.in_head]
    return f"{finding.fingerprint} {finding.verdict} {finding.where} {place}{commit}{head} {finding.rule}{' new' if is_new else ''}"


def _is_open(findings: Sequence[Finding]) -> bool:
    """Whether a value is still to be worked off: nobody called it false, nor accepted it for now."""
    return findings[0].verdict in (Verdict.OPEN, Verdict.TRUE)


def _item(findings: Sequence[Finding]) -> AuditItem:
    """All places of one value as one row; a place in the tree of HEAD is the one to go to first."""
    first = first_place(findings)
    return AuditItem(
        fingerprint=first.fingerprint,
        rule=first.rule,
        where=first.where,
        place=f"{first.file}:{first.line}",
        places=len(findings),
        in_head=first.in_head,
    )


def _row_order(item: AuditItem) -> tuple[bool, int, str]:
    """What everybody who clones has first, then by where it is."""
    return (item.in_head is not True, list(Where).index(Where(item.where)), item.place)


def _text(result: Audit, open_items: int) -> Message:
    places, unread = len(result.findings), len(result.scanned.unread)
    late = {each.place: each.after_s for each in result.scanned.unread if each.after_s is not None}
    if late:
        names, seconds = ", ".join(sorted(late)), max(late.values())
        return say("secrets.result_gave_up", items=open_items, places=places, names=names, seconds=seconds)
    if unread:
        return say("secrets.result_unread", items=open_items, places=places, unread=unread)
    return say("secrets.result", items=open_items, places=places)


ACTION = Action(
    id="secrets.audit",
    title=say("actions_catalogue.secrets_audit"),
    why=say("actions_catalogue.secrets_audit_why"),
    danger="observe",
    parameters=AuditParameters,
    resource=lambda params: f"audit {os.fspath(params.path)}",
    plan=plan,
    run=run,
    verify=verify,
    timeout_s=TIMEOUT_S,
    fits=(Fit("secrets"),),
)
