"""What is in force by the journal alone: who decides a queue or a limit now, and what ended with nothing in force."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

from actions.model import Draft
from actions.planning import plan_to_json
from actions.registry import own_actions
from incidents.events import run_body as r
from incidents.journal import open_journal
from response.in_force import in_force
from tests.response.test_runs import settings_with

if TYPE_CHECKING:
    from pathlib import Path

    from incidents.journal import Journal

LATER = dt.timedelta(hours=4)


def done(journal: Journal, action_id: str, params: dict[str, str], *, is_lasting: bool = True) -> None:
    """A run that ended well, as its runner would have written it."""
    from dataclasses import fields

    from actions.model import Plan
    from actions.parameters import read_parameters

    action = own_actions()[action_id]
    draft = Draft(target="x", steps=())
    plan = Plan(
        **{each.name: getattr(draft, each.name) for each in fields(Draft)},
        action=action_id,
        danger=action.danger,
        params=params,
        resource=action.resource(read_parameters(action.parameters, params)),
        lasts_s=action.lasts_s,
        made_at=0.0,
    )
    planned = r.RunPlanned(
        action=action_id,
        danger=plan.danger,
        params=params,
        resource=plan.resource,
        digest=plan.digest,
        plan=json.dumps(plan_to_json(plan)),
    )
    run = journal.plan_run("op", planned).chain
    journal.append(run, "op", r.RunApproved(digest=plan.digest))
    journal.claim_run(run, "op", host="h", expected_sequence=2)
    journal.append(run, "op", r.RunStarted(host="h", process=1))
    until = dt.datetime.now(dt.UTC) + LATER if is_lasting and plan.lasts_s else None
    journal.append(run, "op", r.RunFinished(until=until))


def test_a_release_ends_the_hold_although_it_undid_nothing(tmp_path: Path) -> None:
    settings = settings_with(tmp_path)
    journal = open_journal(settings.journal)

    def listed() -> list[str]:
        effects = in_force(journal, settings, dt.datetime.now(dt.UTC))
        return [f"{each.run.action} {' '.join(each.run.params.values())}" for each in effects]

    done(journal, "queue.hold", {"queue": "a"})
    done(journal, "queue.hold", {"queue": "b"})
    done(journal, "queue.release", {"queue": "a"})
    assert listed() == ["queue.hold b"], "or whoever keeps it would stop its consumers again"
    done(journal, "queue.hold", {"queue": "a"})
    assert listed() == ["queue.hold a", "queue.hold b"]
    done(journal, "queue.throttle", {"task": "t", "rate": "1/m"}, is_lasting=False)
    assert listed() == ["queue.hold a", "queue.hold b"], "it ended and said that nothing lasts"
    journal.close()
