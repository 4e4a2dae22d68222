"""Lifts one injection and writes that down: what owner and watchdog do alike."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from actions.parameters import read_parameters
from core.errors import WarroomError
from core.message import say
from drills.faults.errors import NotLifted
from drills.faults.model import Order
from drills.faults.records import ENDED
from drills.faults.registry import find_fault

if TYPE_CHECKING:
    from core.message import Message
    from drills.faults.model import Injection, State
    from drills.faults.records import Record, Records


def lift(
    records: Records, injection_id: str, ends_as: State = "lifted", why: Message | None = None
) -> Injection:
    """Put back what was there, if nobody has. Raises `NotLifted`; the record says `lifting` then."""
    record = records.find(injection_id)
    if record.injection.state in ENDED:
        return record.injection
    records.advance(injection_id, "lifting", why)
    fault = find_fault(record.injection.fault)
    try:
        fault.lift(
            order_of(record), read_parameters(fault.parameters, record.injection.params), record.before
        )
    except WarroomError as error:
        records.advance(injection_id, "lifting", error.message)
        raise NotLifted(say("faults.not_lifted", fault=fault.id, why=error.message)) from error
    return records.advance(injection_id, ends_as, why)


def order_of(record: Record) -> Order:
    """Its time is what is left of it."""
    left_s = (record.injection.until - dt.datetime.now(dt.UTC)).total_seconds()
    return Order(id=record.injection.id, target=record.target, for_s=max(0.0, left_s))
