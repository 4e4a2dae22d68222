"""Pictures of a plan, a run and what is in force at two sizes in both languages, from data and a clock of our making."""

from __future__ import annotations

import datetime as dt
import json
import time
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from actions.model import ActionCall, Fact, Plan, Undo
from actions.planning import plan_to_json
from actions.registry import own_actions
from actions.step import Step
from core.message import say
from incidents.events import run_body as r
from incidents.events.event import GENESIS, Draft, chain
from incidents.events.phrase import Phrase
from incidents.events.run import Run, fold_run
from incidents.journal.lease import Heartbeat
from response.decision import ALLOWED, Reason, Refused
from response.in_force import InForce
from response.offers import Offer
from response.orphans import lost
from response.run_guard import Need
from response.runs import Prepared, stored_plan
from tui.actions.draw.plan import Around
from tui.actions.draw.run import Known
from tui.actions.output import Window
from tui.app import Warroom
from tui.feeds.runs import Active, Checked, RunsState
from tui.i18n import CODES, Language
from tui.screens.actions.in_force import InForceScreen
from tui.screens.actions.offer import OfferDialogue
from tui.screens.actions.plan import Look, PlanDialogue
from tui.screens.actions.run import RunScreen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual.pilot import Pilot

    from actions.model import Danger
    from incidents.events.run_body import RunBody

START = dt.datetime(2026, 11, 24, 3, 0, tzinfo=dt.UTC)
NOW = START.timestamp() + 18 * 60 + 3
SIZES = [(80, 24), (120, 40)]


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW)


def app_in(code: str) -> Warroom:
    app = Warroom(None, Language(next(one for one in CODES if one == code)), theme="dark")
    app.service, app.notice, app.ascii_only = "chimera prod", None, False
    return app


def downgrade() -> Plan:
    """A plan with SQL, a blocker of which somebody must know, locks, a snapshot as the way back."""
    return Plan(
        action="migrate.downgrade",
        danger="destructive",
        params={"to": "-1", "lock_timeout": "3", "tries": "6"},
        resource="database/schema",
        target="chimera_db @ db.internal:5432",
        steps=(
            Step(kind="control", text="cancel_consumer ai → analyze@ops1"),
            Step(
                kind="sql", text="CREATE TABLE warroom_snap.user_profiles_1 AS\nSELECT * FROM user_profiles"
            ),
            Step(
                kind="sql",
                text="DROP TABLE user_profiles;\nUPDATE alembic_version SET version_num = 'a1' WHERE version_num = '375b918c8740'",
            ),
            Step(
                kind="process",
                argv=("poetry", "run", "alembic", "current"),
                cwd="/srv/chimera",
                environment=(("LANG", "C"),),
            ),
        ),
        effects=(
            Fact(label=say("actions.text", text="user_profiles"), value=104_233, unit="count", at=NOW - 4),
        ),
        facts=(Fact(label=say("actions.fact_workers"), value=None, at=NOW - 45),),
        locks=("ACCESS EXCLUSIVE user_profiles",),
        warnings=(say("actions.text", text="squawk: ban-drop-table"),),
        undo=Undo(
            say("actions.text", text="restore"),
            ActionCall("migrate.restore", {"snapshots": "user_profiles_1"}),
        ),
        made_at=NOW - 4,
    )


def look(plan: Plan, *, blocked: bool) -> Look:
    action = own_actions()[plan.action]
    prepared = Prepared(action, action.parameters.model_construct(), plan)
    needs = (
        Need(say("response.need_role", roles="ic, ops", who="op1"), is_met=True),
        Need(say("response.need_second"), is_met=False),
    )
    holder = say("act.held_by", run="RUN-7", by="ic1") if blocked else None
    why = say("actions.text", text="pid 4711 app idle in transaction 14 min")
    decision = Refused(Reason.PLAN_BLOCKED, {"why": why}) if blocked else ALLOWED
    return Look(prepared, decision, Around(needs=needs, holder=holder, incident="INC-42"))


def plan_on_top(seen: Look) -> Callable[[Pilot[str]], object]:
    async def give(_: Look | None) -> Look:
        return seen

    async def prepare(pilot: Pilot[str]) -> None:
        dialogue = PlanDialogue("migrate.downgrade", give, lambda *_: pytest.fail("begun"), can_edit=True)
        pilot.app.push_screen(dialogue)
        while dialogue.shown is None:
            await pilot.pause()
        await pilot.pause()

    return prepare


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("size", SIZES)
def test_a_destructive_plan(snap_compare: Callable[..., bool], size: tuple[int, int], code: str) -> None:
    prepare = plan_on_top(look(downgrade(), blocked=False))
    assert snap_compare(app_in(code), terminal_size=size, run_before=prepare)


def test_a_plan_that_is_blocked_says_so_first(snap_compare: Callable[..., bool]) -> None:
    prepare = plan_on_top(look(downgrade(), blocked=True))
    assert snap_compare(app_in("en"), terminal_size=(80, 24), run_before=prepare)


def run_of(number: int, plan: Plan, *bodies: RunBody, incident: UUID | None = None) -> Run:
    """A chain of a run, a second between its events."""
    run_id, after, events = UUID(int=number), (0, GENESIS), []
    text = json.dumps(plan_to_json(plan))
    planned = r.RunPlanned(
        action=plan.action,
        danger=plan.danger,
        params=dict(plan.params),
        resource=plan.resource,
        digest=plan.digest,
        plan=text,
        incident=incident,
    )
    for second, body in enumerate((planned, *bodies)):
        event = chain(
            Draft(
                UUID(int=1000 * number + second),
                run_id,
                "op1",
                body,
                START + dt.timedelta(minutes=15, seconds=second),
            ),
            after,
        )
        events.append(event)
        after = (event.sequence, event.digest)
    return fold_run(events)


def mitigation(
    action: str, params: dict[str, str], undo: ActionCall | None, danger: Danger = "mitigate"
) -> Plan:
    return Plan(
        action=action,
        danger=danger,
        params=params,
        resource="queue/matches",
        target="matches",
        steps=(),
        undo=Undo(say("actions.text", text="back"), undo),
        lasts_s=14_400.0,
        made_at=NOW,
    )


HOLD = mitigation(
    "queue.hold",
    {"queue": "matches"},
    ActionCall("queue.release", {"queue": "matches", "workers": "fetch@ops1"}),
)
THROTTLE = mitigation(
    "queue.throttle", {"task": "src.tasks.match_tasks.fetch_and_store_match", "rate": "20/m"}, None
)
STARTED = (r.RunApproved(digest="0"), r.RunClaimed(host="ops1"), r.RunStarted(host="ops1", process=4711))


class Shown(RunScreen):
    """A run as it is given, with a long output."""

    def __init__(self, known: Known) -> None:
        super().__init__(known.run.id)
        self.known = known
        self.window = Window(
            tuple(f"fetch@ops1: message {number} set aside" for number in range(60)), 0, 2400, 2400
        )

    def on_mount(self) -> None:
        self.repaint()


def shown(known: Known) -> Callable[[Pilot[str]], object]:
    async def prepare(pilot: Pilot[str]) -> None:
        await pilot.app.push_screen(Shown(known))
        await pilot.pause()

    return prepare


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("size", SIZES)
def test_a_run_that_goes_on(snap_compare: Callable[..., bool], size: tuple[int, int], code: str) -> None:
    known = Known("RUN-7", run_of(7, HOLD, *STARTED), Heartbeat(3, 1.0), None)
    assert snap_compare(app_in(code), terminal_size=size, run_before=shown(known))


def ended(*, ok: bool) -> Run:
    checks = (Phrase(key="event.as_written", values={"text": "consumed by nobody"}),)
    return run_of(
        8,
        HOLD,
        *STARTED,
        r.RunVerified(ok=ok, checks=checks),
        r.RunFinished(until=START + dt.timedelta(hours=4)),
    )


@pytest.mark.parametrize("ok", [True, False], ids=["verified", "not-verified"])
def test_a_run_that_has_ended(snap_compare: Callable[..., bool], *, ok: bool) -> None:
    known = Known("RUN-8", ended(ok=ok), None, None)
    assert snap_compare(app_in("en"), terminal_size=(80, 24), run_before=shown(known))


@pytest.mark.parametrize("code", CODES)
def test_an_orphan_is_put_to_the_person_with_what_is_known(
    snap_compare: Callable[..., bool], code: str
) -> None:
    run, beat = run_of(9, HOLD, *STARTED), Heartbeat(3, 42.0)
    known = Known("RUN-9", run, beat, lost(run, beat, 0.0))
    assert snap_compare(app_in(code), terminal_size=(80, 24), run_before=shown(known))


def in_force() -> RunsState:
    """One verified and near its end, one that is not so, one that failed, one of which nobody can tell, one that goes on, one that is silent."""
    finished = r.RunFinished(until=START + dt.timedelta(hours=4))
    soon = r.RunFinished(until=START + dt.timedelta(minutes=24))
    hold = run_of(1, HOLD, *STARTED, r.RunVerified(), soon)
    throttle = run_of(2, THROTTLE, *STARTED, r.RunVerified(), finished, incident=UUID(int=42))
    failed = run_of(3, THROTTLE, *STARTED, r.RunFailed())
    silent = Phrase(key="event.as_written", values={"text": "fetch@ops2 does not answer"})
    unknown = run_of(4, HOLD, *STARTED, r.RunVerified(ok=False, checks=(silent,), unknown=(0,)), finished)
    effects = [
        InForce("RUN-1", hold, HOLD, START + dt.timedelta(minutes=24), is_certain=True),
        InForce("RUN-2", throttle, THROTTLE, START + dt.timedelta(hours=4), is_certain=True),
        InForce("RUN-3", failed, THROTTLE, START + dt.timedelta(hours=4), is_certain=False),
        InForce("RUN-4", unknown, HOLD, START + dt.timedelta(hours=4), is_certain=False),
    ]
    seen = (say("actions.text", text="fetch@ops1: 20/m"), say("actions.text", text="analyze@ops1: none"))
    return RunsState(
        active=(
            Active("RUN-7", run_of(7, HOLD, *STARTED), Heartbeat(3, 1.0)),
            Active("RUN-9", run_of(9, HOLD, *STARTED), Heartbeat(3, 42.0)),
        ),
        effects=tuple(effects),
        checked={hold.id: Checked(NOW - 12, ok=True), throttle.id: Checked(NOW - 30, ok=False, lines=seen)},
        at=NOW,
    )


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("screen", ["in_force", "board"])
def test_what_is_in_force(
    snap_compare: Callable[..., bool], screen: str, size: tuple[int, int], code: str
) -> None:
    from tests.tui.test_pictures import told

    app = app_in(code)
    app.order = tuple(sorted({"ban", "queues", "slo"}))
    app.runs.state = in_force()

    async def prepare(pilot: Pilot[str]) -> None:
        await told()(pilot)  # type: ignore[misc]  # a coroutine
        if screen == "in_force":
            await pilot.app.push_screen(InForceScreen())
            await pilot.press("down")
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=prepare)


def offers() -> Iterable[Offer]:
    known = own_actions()
    yield Offer(
        action=known["queue.throttle"],
        params=THROTTLE.params,
        runbook="cloudflare-ban",
        step="throttle",
        number="1.2",
    )
    yield Offer(action=known["queue.hold"], params={"queue": "matches"})
    yield Offer(
        action=known["queue.purge"],
        params={"queue": "matches"},
        decision=Refused(Reason.NOT_CONFIGURED, {"section": "signals.redis", "action": "queue.purge"}),
    )


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("keys", [(), ("up",)], ids=["first", "refused"])
def test_what_can_be_done(snap_compare: Callable[..., bool], keys: tuple[str, ...], code: str) -> None:
    app = app_in(code)

    async def prepare(pilot: Pilot[str]) -> None:
        await pilot.app.push_screen(
            OfferDialogue(app.words.text("act.what_fits", what="Queues"), [*offers()])
        )
        await pilot.press(*keys)
        await pilot.pause()

    assert snap_compare(app, terminal_size=(80, 24), run_before=prepare)


def test_the_plan_of_a_run_is_read_from_its_first_event() -> None:
    assert stored_plan(ended(ok=True)).digest == HOLD.digest
