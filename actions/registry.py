"""Which actions there are: every module of `actions.catalogue` holds one as `ACTION`, named after its id."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

from actions.errors import NoSuchAction
from actions.model import Action
from actions.settings import BLOCK
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actions.model import AnyAction
    from actions.settings import ActionsSettings


@cache
def own_actions() -> Mapping[str, AnyAction]:
    """Those that come with the program, by id, sorted."""
    package = importlib.import_module("actions.catalogue")
    modules = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    actions = [_action(f"{package.__name__}.{module}") for module in modules]
    return {action.id: action for action in sorted(actions, key=lambda action: action.id)}


def _action(module: str) -> AnyAction:
    action = getattr(importlib.import_module(module), "ACTION", None)
    if not isinstance(action, Action):
        raise TypeError(f"{module} holds no ACTION")
    return action


def all_actions(settings: ActionsSettings) -> Mapping[str, AnyAction]:
    """The program's own, the team's and their runbooks' blocks, by id; what is not allowed is there, too, and says so when it is wanted."""
    actions = _own_and_team(settings)
    if settings.run_blocks:
        from actions.blocks import block_actions

        actions |= block_actions(settings)
    return actions


def _own_and_team(settings: ActionsSettings) -> dict[str, AnyAction]:
    from actions.team import team_action, team_undo

    actions = dict(own_actions())
    for spec in settings.add:
        own = team_action(spec)
        undo = team_undo(spec)
        actions |= {own.id: own} if undo is None else {own.id: own, undo.id: undo}
    return actions


def find_action(settings: ActionsSettings, action_id: str) -> AnyAction:
    """Raises `NoSuchAction` that names the nearest one."""
    from difflib import get_close_matches

    if action_id.startswith(BLOCK):
        from actions.blocks import find_block

        return find_block(settings, action_id)
    known = _own_and_team(settings)
    if action_id in known:
        return known[action_id]
    near = get_close_matches(action_id, known, n=1)
    name = clean(action_id, 80)
    if near:
        raise NoSuchAction(say("actions.no_such_near", id=name, near=near[0]))
    raise NoSuchAction(say("actions.no_such", id=name))
