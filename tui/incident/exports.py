"""The postmortem draft and the timeline as files; nothing that is there already is overwritten."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from core.message import say
from response.checklist import Missing

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Callable

    from core.message import Message
    from panels.state import PanelState
    from runbooks.model import Runbook
    from tui.feeds.journal import IncidentSnapshot
    from tui.incident.context import IncidentContext


def free_folder(label: str) -> str:
    """`inc-42` here, or `inc-42-2` where that is taken: somebody may have worked on the draft."""
    name = label.lower().replace("~", "")
    number = 1
    while Path(f"{name}-{number}" if number > 1 else name).exists():
        number += 1
    return str(Path(f"{name}-{number}" if number > 1 else name).absolute())


async def export(
    context: IncidentContext, seen: IncidentSnapshot, answer: Future[tuple[str, ...] | None]
) -> Message | None:
    """Write `postmortem.md` with its charts, `timeline.md` and `timeline.json` into the folder, and say where."""
    import asyncio

    given = await answer
    if given is None:
        return None
    words = context.face.words
    impact = [line for state in context.face.by_attention() for line in impact_lines(state, words.say)]
    followed = [one for one in context.runbooks_of(seen.incident.runbooks) if not isinstance(one, Missing)]
    return await asyncio.to_thread(_write, context, seen, given[0], impact, followed)


def impact_lines(state: PanelState, words: Callable[[Message], str]) -> list[str]:
    """What the panel of objectives says now: its reason, and for each objective what is left of the error budget."""
    from incidents.report.describe import join_parts

    if not state.id.startswith("slo"):
        return []
    left = [
        say(
            "postmortem.budget",
            name=name,
            rest=join_parts([cell for cell in cells if words(cell)], "postmortem.clause"),
        )
        for name, *cells in (row.cells for row in state.rows if row.kind == "error_budget")
        if any(words(cell) for cell in cells)
    ]
    first = say("postmortem.budget", name=state.title, rest=state.reason)
    return [words(say("postmortem.now", text=join_parts([first, *left], "event.and")))]


def _write(
    context: IncidentContext, seen: IncidentSnapshot, asked: str, impact: list[str], followed: list[Runbook]
) -> Message:
    import json

    from core.errors import WarroomError
    from core.text import clean
    from incidents.report.postmortem import postmortem
    from incidents.report.timeline import timeline_json, timeline_markdown
    from response.names import runbook_names

    words, folder, names = context.face.words.say, Path(asked).expanduser(), runbook_names(followed)
    made = postmortem(
        seen.incident,
        seen.label,
        words,
        impact=impact,
        prevention=tuple(dict.fromkeys(item for runbook in followed for item in runbook.prevention())),
        names=names,
    )
    files = {
        "postmortem.md": made.markdown,
        **made.charts,
        "timeline.md": timeline_markdown(seen.incident, seen.label, words, names),
        "timeline.json": json.dumps(timeline_json(seen.incident, words, names), ensure_ascii=False, indent=1)
        + "\n",
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            with (folder / name).open("x", encoding="utf-8") as file:
                file.write(text)
    except FileExistsError as error:
        raise WarroomError(say("screen.export_exists", place=clean(str(error.filename or folder)))) from error
    except OSError as error:
        detail = error.strerror or "?"
        raise WarroomError(say("journal.unwritable", place=clean(str(folder)), detail=detail)) from error
    return say("screen.exported", place=clean(str(folder)), count=len(files))
