"""A runbook's `sh` blocks as actions: the text as it stands, given to a shell, with everything that holds for every run.

Off unless `[actions] run_blocks` allows it, and then for the team's own runbooks alone. The one place where a shell reads
anything, so that nothing is put into the text: what the plan shows is what runs. A line that fails ends it (`-e`), and so does a
variable that nobody set (`-u`).
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from actions.capabilities import Command as Program
from actions.checks import verifications
from actions.errors import ActionFailed, NoSuchAction
from actions.model import Action, Draft, Outcome, Undo, Verification
from actions.parameters import Parameters
from actions.settings import BLOCK
from actions.step import Step as PlanStep
from core.message import say
from core.text import clean
from profiles.profile import BUNDLED
from runbooks.checks.permission import permit
from runbooks.library import LANGUAGES, load_library, load_runbook
from runbooks.model import Paragraph

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actions.model import AnyAction, Context, Plan
    from actions.settings import ActionsSettings
    from runbooks.model import Command, Runbook, Step

SHELL = ("/bin/sh", "-e", "-u", "-c")
MAX_BYTES = 100_000
"""Linux takes no longer argument than 131 072 bytes."""
MAX_CHARACTERS = 5_000
"""Of a line: whoever reads manuals cuts lines that are twice as long (`runbooks.reading.read.MAX_LINE`), indent included."""
PLACEHOLDER = re.compile(r"<[^\W\d](?:[^<>|&;\n\"']{0,60}[^<>|&;\s\"'])?>|…")
"""What the reader has to fill in: a shell would take `<name>` for a redirection."""
SEVERITY = ("observe", "mitigate", "destructive")


class BlockParameters(Parameters):
    """In which language the manual is read: its commands may differ."""

    language: Literal["en", "zh"] = Field(default="en")


def blocks_of(settings: ActionsSettings, runbook: Runbook, step: Step) -> Mapping[str, Command]:
    """The blocks of a step that may be run here, by the ids of their actions: `block.<runbook>.<step>`, `….2`."""
    if not settings.run_blocks or Path(step.file).resolve().is_relative_to(BUNDLED):
        return {}
    blocks = [command for command in step.commands if command.language == "sh"]
    first = f"{BLOCK}{runbook.id}.{step.id}"
    return {first if number == 1 else f"{first}.{number}": block for number, block in enumerate(blocks, 1)}


def block_actions(settings: ActionsSettings) -> dict[str, AnyAction]:
    """Those of all configured runbooks."""
    if not settings.run_blocks:
        return {}
    runbooks = {language: load_library(settings.blocks, language).runbooks for language in LANGUAGES}
    ids = dict.fromkeys(book.id for books in runbooks.values() for book in books)
    return {
        action_id: action
        for runbook_id in ids
        for action_id, action in _of_runbook(
            settings,
            {lang: book for lang, books in runbooks.items() for book in books if book.id == runbook_id},
        ).items()
    }


def find_block(settings: ActionsSettings, action_id: str) -> AnyAction:
    """The action of one block; only files that may hold it are read. Raises `NoSuchAction`."""
    if not settings.run_blocks:
        raise NoSuchAction(say("actions.blocks_off", id=clean(action_id, 80)))
    runbook_id = action_id.removeprefix(BLOCK).partition(".")[0]
    books = {language: load_runbook(settings.blocks, language, runbook_id) for language in LANGUAGES}
    actions = _of_runbook(settings, {lang: book for lang, book in books.items() if book is not None})
    if action_id not in actions:
        raise NoSuchAction(
            say("actions.no_such_block", id=clean(action_id, 80), runbook=clean(runbook_id, 80))
        )
    return actions[action_id]


def _of_runbook(settings: ActionsSettings, books: Mapping[str, Runbook]) -> dict[str, AnyAction]:
    """Its blocks, each with its text by language: a danger is that of the more dangerous one."""
    texts: dict[str, dict[str, tuple[Step, Command]]] = {}
    for language, book in books.items():
        for step in book.steps():
            for action_id, block in blocks_of(settings, book, step).items():
                texts.setdefault(action_id, {})[language] = step, block
    return {action_id: _action(settings, action_id, by_language) for action_id, by_language in texts.items()}


def _action(
    settings: ActionsSettings, action_id: str, by_language: Mapping[str, tuple[Step, Command]]
) -> AnyAction:
    first_step, first = next(iter(by_language.values()))
    danger = max((block.danger for _, block in by_language.values()), key=SEVERITY.index)
    resource = "" if danger == "observe" else action_id.replace(".", "/", 2)

    def read(params: BlockParameters) -> tuple[Step, Command]:
        return by_language.get(params.language, (first_step, first))

    def program(block: Command) -> Program:
        own = settings.blocks
        return Program(
            argv=(*SHELL, block.text),
            cwd=own.cwd,
            environment=own.environment,
            secret_environment={
                name: value.get_secret_value() for name, value in own.secret_environment.items()
            },
        )

    def plan(params: BlockParameters, context: Context) -> Draft:
        step, block = read(params)
        shown = context.processes.step(program(block))
        cut = any(len(line) > MAX_CHARACTERS for line in block.text.splitlines())
        too_long = cut or len(block.text.encode()) > MAX_BYTES
        holes = PLACEHOLDER.findall(block.text)
        return Draft(
            target=action_id.removeprefix(BLOCK),
            steps=(
                PlanStep(
                    kind="shell",
                    text=block.text,
                    cwd=shown.cwd,
                    environment=shown.environment,
                    title=say("actions.block_at", file=clean(step.file, 400), line=block.line),
                ),
            ),
            blockers=(
                *(() if not holes else (say("actions.block_placeholder", text=clean(holes[0], 80)),)),
                *(
                    ()
                    if not too_long
                    else (say("actions.block_too_long", bytes=MAX_BYTES, characters=MAX_CHARACTERS),)
                ),
            ),
            undo=_undo(step),
        )

    def run(params: BlockParameters, _: Plan, context: Context) -> Outcome:
        completed = context.processes.run(program(read(params)[1]))
        if completed.exit_code:
            raise ActionFailed(say("actions.exited", program="sh", code=completed.exit_code))
        return Outcome(text=say("actions.exited", program="sh", code=0))

    def verify(params: BlockParameters, _: Plan, context: Context) -> tuple[Verification, ...]:
        return verifications(read(params)[0].checks, context, permit(settings.blocks, os.environ))

    return Action(
        id=action_id,
        title=say("actions.text", text=clean(first_step.text, 200)),
        why=say("actions.block_why"),
        danger=danger,
        parameters=BlockParameters,
        resource=lambda _: resource,
        plan=plan,
        run=run,
        verify=verify,
    )


def _undo(step: Step) -> Undo:
    words = [block.text for block in step.blocks if isinstance(block, Paragraph) and block.role == "undo"]
    return Undo(say("actions.text", text=" ".join(words)) if words else say("actions.undo_none"))
