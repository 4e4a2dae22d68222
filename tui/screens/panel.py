"""One panel as a block of lines, wherever it stands; one that can't be drawn says so in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from tui.runtime.exit import report_crash

if TYPE_CHECKING:
    from panels.state import PanelState
    from tui.face import Face
    from tui.i18n import Language


def panel_block(face: Face, state: PanelState, width: int, height: int, now: float) -> list[Text]:
    """The panel's line and its details in `height` lines; the title of the one under the cursor is underlined."""
    from panels.draw.panel import panel_details, panel_line

    try:
        line = panel_line(state, face.words.say, width, now, ascii_only=face.ascii_only)
        if state is face.under_cursor():
            pointer = Text(no_wrap=True, end="").append("▶", "cursor")
            line = pointer.append_text(line[1:])
            line.stylize("chosen", 3, 3 + len(face.words.say(state.title)))
        details = panel_details(
            state,
            face.words.say,
            width,
            height - 1,
            now,
            ascii_only=face.ascii_only,
            span_s=face.chart_span_s,
        )
        return [line, *details][:height]
    except Exception as error:  # noqa: BLE001  # one panel must not take the others down
        key, values = report_crash(error, "tui.undrawn")
        line = Text(f" ? {state.id} {face.words.text(key, **values)}")
        line.truncate(width)
        return [line]


def search_texts(state: PanelState, words: Language) -> list[str]:
    """All words of a panel, to search in."""
    messages = [state.title, state.reason, *(part.text for part in state.parts)]
    messages += [cell for row in state.rows for cell in row.cells]
    return [state.id, *map(words.say, messages)]
