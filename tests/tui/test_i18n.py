"""Both languages have the same keys and the same places for values; every key in the code exists."""

from __future__ import annotations

import ast
import gc
import re
import tomllib
from pathlib import Path

import pytest

from core.message import say
from incidents.events.phrase import phrase_keys
from tui.i18n import Language, choose_language, read_namespace

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "tui" / "i18n"
FOLDERS = (
    "tui",
    "panels",
    "core",
    "signals",
    "incidents",
    "runbooks",
    "response",
    "actions",
    "repolint",
    "drills",
    "sandbox",
    "profiles",
)
NAMESPACES = sorted(path.stem for path in (FOLDER / "en").glob("*.toml"))


def texts(code: str, namespace: str) -> dict[str, str]:
    return tomllib.loads((FOLDER / code / f"{namespace}.toml").read_text(encoding="utf-8"))


def places(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


ENGLISH = {
    f"{namespace}.{key}": text for namespace in NAMESPACES for key, text in texts("en", namespace).items()
}


def test_both_languages_have_the_same_files() -> None:
    assert sorted(path.stem for path in (FOLDER / "zh").glob("*.toml")) == NAMESPACES


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_keys_and_places_are_the_same(namespace: str) -> None:
    english, chinese = texts("en", namespace), texts("zh", namespace)
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        if f"{namespace}.{key}" != "panels.title":  # it holds both languages, and each shows its own
            assert places(text) == places(chinese[key]), key


class Code:
    """What all our code has of texts: calls that say one by its name, its literals, and what is made of both."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str, ast.Call]] = []
        self.literals: set[str] = set()
        self.made: list[ast.JoinedStr] = []
        self.asked_by_key: list[tuple[str, int]] = []
        for folder in FOLDERS:
            for path in (ROOT / folder).rglob("*.py"):
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                    self._keep(str(path.relative_to(ROOT)), node)

    def _keep(self, path: str, node: ast.AST) -> None:
        match node:
            case ast.Call(args=[ast.Constant(value=str(key)), *_]):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                # A file's text has the same name as a catalogue's: a key is words and one dot.
                if name in ("say", "text") and re.fullmatch(r"[a-z]\w*\.\w+", key):
                    self.said.append((path, key, node))
            case ast.Constant(value=str(text)):
                self.literals.add(text)
            case ast.JoinedStr():
                self.made.append(node)
            case ast.Compare(left=left, comparators=compared) if any(map(_is_key_of_text, [left, *compared])):
                self.asked_by_key.append((path, node.lineno))
            case ast.Match(subject=subject) if _is_key_of_text(subject):
                self.asked_by_key.append((path, node.lineno))


def _is_key_of_text(node: ast.AST) -> bool:
    """Whether it is `message.key`, `run.said.message.key`, `result.evidence.key` or alike."""
    match node:
        case ast.Attribute(attr="key", value=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name in ("message", "evidence", "text", "why", "reason", "part", "said")
    return False


@pytest.fixture(scope="module")
def code() -> Code:
    """Read once for all tests: it takes seconds.

    Whatever else is to be tidied up is tidied up before: what a coroutine that nobody awaited says is formatted with `ast`,
    and Python 3.11 takes that amid `ast.parse` for a deeper recursion (SystemError).
    """
    gc.collect()
    return Code()


def test_every_key_in_the_code_exists(code: Code) -> None:
    assert len(code.said) > 30
    assert not {(path, key) for path, key, _ in code.said if key not in ENGLISH}


def test_no_code_asks_about_a_text_by_its_key(code: Code) -> None:
    """What code asks about is a typed value; its text is made from it at the end."""
    assert not code.asked_by_key


def test_every_place_gets_its_value(code: Code) -> None:
    given = [(path, key, {value.arg for value in call.keywords}) for path, key, call in code.said]
    assert not [
        (path, key, missing)
        for path, key, values in given
        # A name in capitals is a variable of the environment; the template of an update is filled when it is sent.
        if (missing := {name for name in places(ENGLISH[key]) - values if not name.isupper()})
        and None not in values  # handed on with `**`
        and key != "update.template"
    ]


def words_of(code: Code) -> set[str]:
    """Every text in the code or in a bundled setting that is no sentence, and the words in it: what keys are made of."""
    whole = set(code.literals)
    for path in (ROOT / "panels").rglob("*.toml"):
        whole |= set(re.findall(r'"([^"]+)"', path.read_text(encoding="utf-8")))
    whole = {text for text in whole if not re.search(r"\s", text)}
    return whole | {word for text in whole for word in re.findall(r"[a-z]\w*", text)}


def made_keys(code: Code, pieces: set[str]) -> re.Pattern[str]:
    """What the code makes of a text with places in it, filled with texts that stand in the code."""
    piece = f"(?:{'|'.join(map(re.escape, sorted(pieces)))})?"
    made = set()
    for node in code.made:
        parts = [re.escape(str(one.value)) if isinstance(one, ast.Constant) else piece for one in node.values]
        if re.match(r"\w+\\\.", parts[0]):
            made.add("".join(parts))
    return re.compile("|".join(sorted(made)))


def test_every_key_is_used(code: Code) -> None:
    """By its name, by a name that is made of names, or by a journal; argparse's words are read as a whole."""
    words = words_of(code)
    rest = {key for key in ENGLISH if not key.startswith("argparse.")} - words - phrase_keys()
    made = made_keys(code, {piece for piece in words if any(piece in key for key in rest)})
    assert not sorted(key for key in rest if not made.fullmatch(key))


def test_a_message_in_a_message_is_said_too() -> None:
    inner = say("signals.no_source")
    assert "[signals.prometheus]" in Language("en").say(
        say("signals.switched", source="scrape", detail=inner)
    )


@pytest.mark.parametrize(
    ("asked", "environment", "chosen"),
    [
        ("zh", {"LANG": "en_US.UTF-8"}, "zh"),
        (None, {"LANG": "zh_CN.UTF-8"}, "zh"),
        (None, {"LANG": "C"}, "en"),
        (None, {}, "en"),
    ],
)
def test_the_language_is_chosen(asked: str | None, environment: dict[str, str], chosen: str) -> None:
    assert choose_language(asked, environment).code == chosen


def test_a_catalogue_is_read_once_for_all_who_speak_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    """The palette searches in every language, for every command, at every key."""
    real, reads = tomllib.loads, list[str]()

    def loads(text: str) -> dict[str, object]:
        reads.append(text)
        return real(text)

    monkeypatch.setattr("tui.i18n.tomllib.loads", loads)
    read_namespace.cache_clear()
    shown = {Language("zh").text("act.do", id="x.y", danger="", name="") for _ in range(50)}
    assert (len(shown), len(reads)) == (1, 1)
