"""What the tour sees of a person and of the sandbox, and what a step is: data, decided by pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """`page` is the name of what is on top in the key map, empty for what has none; `is_question` if it must be answered first.

    `is_at_panel`: the cursor of the board is on the tour's panel. `has_burnt` stays true, `burns` is as of now. `run` is how the
    last run of the incident stands. `is_busy`: what a key asked for is under way; `is_planning`: a plan is being made. `option` is the number of the tour's runbook among what is to choose
    from, 0 where it is not there; `is_at_option`: the cursor is on it. `to_check` and
    `to_button` say where those steps stand from the cursor: -1 above, 1 below, 0 under it.
    """

    page: str = "board"
    is_question: bool = False
    is_paused: bool = False
    is_busy: bool = False
    is_planning: bool = False
    is_broken: bool = False
    is_known: bool = False
    is_at_panel: bool = False
    has_burnt: bool = False
    burns: bool = False
    has_incident: bool = False
    has_runbook: bool = False
    has_step_done: bool = False
    run: str = ""
    is_mitigated: bool = False
    is_resolved: bool = False
    option: int = 0
    is_at_option: bool = False
    to_check: int = 0
    to_button: int = 0


@dataclass(frozen=True, slots=True)
class Hint:
    """What the line says while `when` is so: the text `tour.<text>`, and the one key to press (as the key map has it).

    `{panel}` in `key` is the number of the tour's panel, `{option}` that of its runbook; without a key there is something to wait for.
    """

    text: str
    key: str
    when: Callable[[Seen], bool]


@dataclass(frozen=True, slots=True)
class Step:
    """Over once `done` is so, whoever brought it about; its first hint whose `when` is so is shown."""

    id: str
    done: Callable[[Seen], bool]
    hints: tuple[Hint, ...]
