"""Everything that can be done on the screen below, to search in: keys, panels, ranges, themes, languages.

Imported when it is first opened.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, NamedTuple, cast

from rich.text import Text
from textual.await_complete import AwaitComplete
from textual.command import CommandInput, CommandPalette, DiscoveryHit, Hit, Provider, SearchIcon

from core.message import say
from tui.i18n import CODES, LANGUAGE_NAMES, Language
from tui.keymap import EVERYWHERE, SHOWN, SUSPEND
from tui.runtime.sizes import FollowsTerminal
from tui.screens.page import Page
from tui.screens.zoom import ZoomScreen
from tui.theme import THEME_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from textual.binding import BindingType
    from textual.command import Hits

    from core.message import Message
    from response.offers import Offer
    from tui.face import Face

MAX_QUERY = 200
"""Characters: every one searches again, and a paste without its marks is thousands of keys."""


class Command(NamedTuple):
    """What it is called in each language (the one that is spoken first), its key if it has one, and what it does."""

    texts: tuple[str, ...]
    key: str
    run: Callable[[], object]


class Commands(Provider):
    """Finds a command by its words in any language."""

    async def discover(self) -> Hits:
        """All of them, in their order; actions follow when their catalogue is read."""
        for command in self._commands():
            yield DiscoveryHit(_shown(command), command.run, text=command.texts[0])
        for command in await self._actions() or []:
            yield DiscoveryHit(_shown(command), command.run, text=command.texts[0])

    async def search(self, query: str) -> Hits:
        """Those that match, by how well; actions follow when their catalogue is read."""
        own = self._hits(query, self._commands())
        for hit in own:
            yield hit
        actions = await self._actions()
        hits = self._hits(query, actions or [])
        for hit in hits:
            yield hit
        if not own and not hits and isinstance(self.screen, Page):
            key = "tui.nothing_matches" if actions is not None else "tui.nothing_matches_yet"
            text = self.screen.face.words.text(key, text=query)
            yield Hit(1, Text(text, "italic"), _nothing, text=text)

    async def _actions(self) -> list[Command] | None:
        """None where nobody can say which there are."""
        if not isinstance(self.screen, Page):
            return None
        face = self.screen.face
        catalogue = await face.runs.catalogue()
        return None if catalogue is None else list(_actions(face, catalogue))

    def _hits(self, query: str, commands: Iterable[Command]) -> list[Hit]:
        matcher = self.matcher(query)
        scored = [(max(matcher.match(text) for text in command.texts), command) for command in commands]
        return [
            Hit(score, _shown(command), command.run, text=command.texts[0])
            for score, command in scored
            if score > 0
        ]

    def _commands(self) -> Iterator[Command]:
        below = self.screen
        if not isinstance(below, Page):
            return
        face = below.face
        seen = set()
        for key in (*below.own_keys(), *EVERYWHERE):
            # Moving is for the arrows, what opened this would only open it again, and nothing lies below the board.
            if (
                key.text in seen
                or key.action.rstrip(")").split("(")[-1].lstrip("-").isdigit()
                or key.action == "app.palette"
                or (key.action in ("app.back", "app.board") and below.page == "board")
            ):
                continue
            seen.add(key.text)
            run = partial(face.run_action, key.action, below)
            yield Command(_in_languages(face, key.text), SHOWN.get(key.key, key.key), run)
        yield from _panels(face)
        yield from _incidents(face)
        yield from _runbooks(face)
        if isinstance(below, ZoomScreen):
            yield from _ranges(face, below)
        for theme in THEME_NAMES:
            yield Command(_in_languages(face, "tui.theme", theme), "", partial(_wear, face, theme))
        for code in CODES:
            yield Command(
                _in_languages(face, "tui.speak", LANGUAGE_NAMES[code]), "", partial(face.set_language, code)
            )


class Palette(CommandPalette, FollowsTerminal[None]):
    """Textual's own, in our colours; nothing in it blinks, for a slow line pays for each blink."""

    BINDINGS: ClassVar[list[BindingType]] = [SUSPEND]

    def __init__(self, words: Language) -> None:
        super().__init__([Commands], placeholder=words.text("tui.palette"))

    def dismiss(self, result: None = None) -> AwaitComplete:
        """As every dialogue: a second Enter or Esc must not take the screen below away, too."""
        return super().dismiss(result) if self.is_active else AwaitComplete()

    def on_mount(self) -> None:
        """Plain characters, no emoji: a terminal may not have them."""
        self.query_one(SearchIcon).icon = ":"
        field = self.query_one(CommandInput)
        field.cursor_blink = False
        field.max_length = MAX_QUERY
        if cast("Face", self.app).ascii_only:
            frame = self.query_one("#--input").styles
            frame.border_bottom = ("ascii", frame.border_bottom[1])


def _panels(face: Face) -> Iterator[Command]:
    for number, name in enumerate(face.order, 1):
        if name in face.states:
            title = face.states[name].title
            yield Command(_in_languages(face, "tui.go_to", title), str(number), partial(_go_to, face, name))
            yield Command(_in_languages(face, "tui.zoom_into", title), "", partial(_zoom, face, name))


def _incidents(face: Face) -> Iterator[Command]:
    from tui.screens.enter import show_incident

    for known in face.incidents.worst_first():
        name = f"{known.label} {known.incident.severity} {known.incident.title}"
        run = partial(show_incident, face, known.incident.id)
        yield Command(_in_languages(face, "tui.go_to", name), "", run)


def _runbooks(face: Face) -> Iterator[Command]:
    from tui.screens.enter import place_runbook

    library = face.incidents.library
    for runbook in library.runbooks if library is not None else ():
        name = f"{runbook.title}  ({runbook.id})"
        yield Command(
            _in_languages(face, "tui.open_runbook", name), "", partial(place_runbook, face, runbook)
        )


def _actions(face: Face, offers: Iterable[Offer]) -> Iterator[Command]:
    """Every action; what may not be done says why."""
    from response.decision import Refused
    from tui.screens.actions.start import propose

    for offer in offers:
        action, danger = offer.action, say(f"run.danger_{offer.action.danger}")
        if isinstance(offer.decision, Refused):
            run: Callable[[], object] = partial(face.incidents.notify, offer.decision.message)
        else:
            run = partial(propose, face, action.id, edit=bool(action.parameters.model_fields))
        yield Command(_in_languages(face, "act.do", action.title, id=action.id, danger=danger), "", run)


def _nothing() -> None:
    """What was searched for is not there."""


def _ranges(face: Face, screen: ZoomScreen) -> Iterator[Command]:
    from panels.zoom import RANGES

    for index, range_ in enumerate(RANGES):
        yield Command(
            _in_languages(face, "tui.look_back", range=range_.name), "", partial(screen.look_back, index)
        )


def _in_languages(face: Face, key: str, name: str | Message = "", **values: str | Message) -> tuple[str, ...]:
    """In the language that is spoken, then in the others."""
    languages = [face.words, *(Language(code) for code in CODES if code != face.words.code)]
    return tuple(language.text(key, name=name, **values) for language in languages)


def _shown(command: Command) -> Text:
    text = Text(command.texts[0])
    return text.append(f"  {command.key}", "bold") if command.key else text


def _wear(face: Face, name: str) -> None:
    face.apply_theme(next(theme for theme in THEME_NAMES if theme == name))
    face.repaint()


def _go_to(face: Face, name: str) -> None:
    face.action_board()
    face.chosen = name
    face.repaint()


def _zoom(face: Face, name: str) -> None:
    _go_to(face, name)
    face.action_open("zoom")
