"""The postmortem draft and the timeline as files; nothing that is there already is overwritten."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from core.files import make_private_folder, open_private
from core.home import expanded
from core.message import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from core.message import Message
    from panels.state import PanelState
    from runbooks.model import Runbook
    from tui.feeds.journal import IncidentSnapshot


def free_folder(label: str) -> str:
    """`inc-42` here, or `inc-42-2` where that is taken: somebody may have worked on the draft."""
    name = label.lower().replace("~", "")
    number = 1
    while Path(f"{name}-{number}" if number > 1 else name).exists():
        number += 1
    return str(Path(f"{name}-{number}" if number > 1 else name).absolute())


def attention_lines(states: Iterable[PanelState], words: Callable[[Message], str]) -> list[str]:
    """One line for each panel that burns or warns, in their order."""
    from signals.reading import Verdict

    return [
        words(say("postmortem.budget", name=state.title, rest=state.reason))
        for state in states
        if state.verdict in (Verdict.BURNING, Verdict.WARN)
    ]


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


def write_export(
    snapshot: IncidentSnapshot,
    folder: Path,
    words: Callable[[Message], str],
    impact: Sequence[str],
    runbooks: Sequence[Runbook],
    *,
    in_force: Mapping[str, str] | None = None,
) -> Message:
    """Write `postmortem.md` with its charts, `timeline.md` and `timeline.json` into the folder, and say where."""
    import json

    from core.errors import WarroomError
    from core.text import clean
    from incidents.report.postmortem import postmortem
    from incidents.report.timeline import timeline_json, timeline_markdown
    from response.names import runbook_names

    folder = expanded(folder)
    incident, label, names = snapshot.incident, snapshot.label, runbook_names(runbooks)
    draft = postmortem(
        incident,
        label,
        words,
        impact=impact,
        prevention=tuple(dict.fromkeys(item for runbook in runbooks for item in runbook.prevention())),
        names=names,
        in_force=in_force,
    )
    files = {
        "postmortem.md": draft.markdown,
        **draft.charts,
        "timeline.md": timeline_markdown(incident, label, words, names),
        "timeline.json": json.dumps(timeline_json(incident, words, names), ensure_ascii=False, indent=1)
        + "\n",
    }
    try:
        make_private_folder(folder)
        for name, text in files.items():
            with open_private(folder / name, new=True) as file:
                file.write(text)
    except FileExistsError as error:
        raise WarroomError(say("screen.export_exists", place=clean(str(error.filename or folder)))) from error
    except OSError as error:
        detail = error.strerror or "?"
        raise WarroomError(say("journal.unwritable", place=clean(str(folder)), detail=detail)) from error
    return say("screen.exported", place=clean(str(folder)), count=len(files))
