"""What the program said is kept without a language; what people typed, and what older journals hold, stays as it is."""

from __future__ import annotations

import ast
import json
import re
import tomllib
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from core.message import say
from incidents.events import body as b
from incidents.events.event import to_event, to_record
from incidents.events.fold import fold
from incidents.events.phrase import Phrase, UnlistedKeyWarning, phrase_keys
from incidents.report.timeline import incident_json, timeline_json, timeline_markdown
from tests.incidents.build import Chain
from tui.i18n import Language

ROOT = Path(__file__).parents[3]
EN, ZH = Language("en").say, Language("zh").say
SEEN = say("measure.seen", value="38/min", way=say("measure.way_rising"), wanted=say("measure.want_falling"))


def stored(chain: Chain) -> Chain:
    """The chain as another program reads it from the disk."""
    chain.events = [to_event(to_record(event)) for event in chain.events]
    return chain


def test_a_check_that_was_seen_in_chinese_is_read_in_english_and_back() -> None:
    chain = Chain()
    chain.add(
        "op1", b.StepTicked(step="1.1", checks=(Phrase.from_message(say("measure.met", text=SEEN), ZH),))
    )
    chain.add(
        "op1",
        b.StepFailed(
            step="1.2", reason="没用", checks=(Phrase.from_message(SEEN, ZH), Phrase.from_message(SEEN, ZH))
        ),
    )
    incident = fold(stored(chain).events)
    english = timeline_markdown(incident, "INC-1", EN)
    assert "ticked 1.1 (check passed: 38/min rising, expected falling)" in english
    assert "failed 1.2: 没用 (38/min rising, expected falling; 38/min rising, expected falling)" in english
    chinese = timeline_markdown(incident, "INC-1", ZH)
    assert "完成步骤 1.1（检查通过：38/min 上升，预期下降）" in chinese
    assert (
        incident_json(incident, "INC-1", EN)["steps"][0]["observed"]
        == "check passed: 38/min rising, expected falling"
    )
    found = timeline_json(incident, EN)[1]["body"]
    assert found == {
        "runbook": "",
        "step": "1.1",
        "observed": "check passed: 38/min rising, expected falling",
        "outcome": "",
        "answers": [],
    }


def test_what_somebody_typed_stands_beside_what_the_checks_said() -> None:
    chain = Chain()
    chain.add("op1", b.StepTicked(step="1.1", observed="12/min", checks=(Phrase.from_message(SEEN, EN),)))
    assert "完成步骤 1.1（12/min；38/min 上升，预期下降）" in timeline_markdown(
        fold(chain.events), "INC-1", ZH
    )


def test_a_journal_of_an_earlier_release_holds_words_and_is_read_as_it_is() -> None:
    """The bodies as they were written before phrases were kept."""
    old: list[dict[str, Any]] = [
        {"kind": "step_ticked", "step": "1.1", "observed": "143, expected < 10 (not yet, 2s)"},
        {
            "kind": "evidence_pinned",
            "panel": "ban",
            "title": "Ban forecast",
            "line": "5 950 of 10 000",
            "verdict": "burning",
            "curves": [{"name": "digest", "at": [1, 2], "values": [3, None]}],
        },
    ]
    chain = Chain()
    for body in old:
        chain.add("op1", b.BODY.validate_python(body))
    assert [json.loads(to_record(event).body) for event in chain.events[1:]] == [
        {name: value for name, value in body.items() if name != "kind"} for body in old
    ], "their hashes stay"
    page = timeline_markdown(fold(stored(chain).events), "INC-1", ZH)
    assert "完成步骤 1.1（143, expected &lt; 10 (not yet, 2s)）" in page
    assert "固定证据：Ban forecast（5 950 of 10 000）" in page


UNKNOWN_KEY = "measure.gone_with_a_later_release"


@pytest.mark.parametrize(
    "unknown",
    [
        Phrase(key=UNKNOWN_KEY, values={"value": 4}, words="as it was said"),
        Phrase(key="measure.met", values={"text": Phrase(key=UNKNOWN_KEY)}, words="as it was said"),
        Phrase(key="measure.met", values={"other": "the place has another name now"}, words="as it was said"),
    ],
)
def test_what_this_release_cannot_say_is_shown_in_the_words_of_the_writer(unknown: Phrase) -> None:
    assert Language("zh").say(unknown.message) == "as it was said"


@pytest.mark.parametrize("message", [say(UNKNOWN_KEY), say("measure.met", text=say(UNKNOWN_KEY))])
def test_a_key_that_is_not_listed_is_a_mistake_here_and_words_in_a_users_journal(message: Any) -> None:
    with pytest.raises(UnlistedKeyWarning):
        Phrase.from_message(message, lambda _: "as it was said")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        phrase = Phrase.from_message(message, lambda _: "as it was said")
    assert UNKNOWN_KEY not in phrase.model_dump_json()
    assert "as it was said" in EN(phrase.message)


def catalogue(code: str) -> set[str]:
    return {
        f"{path.stem}.{name}"
        for path in (ROOT / "tui" / "i18n" / code).glob("*.toml")
        for name in tomllib.loads(path.read_text(encoding="utf-8"))
    }


@pytest.mark.parametrize("code", ["en", "zh"])
def test_every_listed_key_is_in_the_catalogue(code: str) -> None:
    assert sorted(phrase_keys() - catalogue(code)) == []


def keys_in(path: Path, known: set[str]) -> set[str]:
    """The catalogue's keys that a module says, whole or as a text with places in it."""
    keys: set[str] = set()
    namespaces = {key.partition(".")[0] for key in phrase_keys()} - {"event"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say":
            keys |= {str(key.value) for key in node.args if isinstance(key, ast.Constant)}
        elif isinstance(node, ast.Constant) and str(node.value).partition(".")[0] in namespaces:
            keys |= {str(node.value)} & known
        elif isinstance(node, ast.JoinedStr) and re.match(
            r"[a-z_]+\.\w", str(getattr(node.values[0], "value", ""))
        ):
            parts = (
                re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"\w*"
                for part in node.values
            )
            made = re.compile("".join(parts))
            keys |= {key for key in known if made.fullmatch(key)}
    return keys


def test_whatever_a_check_or_a_panel_says_is_listed() -> None:
    """Checks, panels and the failures of sources inside them; what only draws, logs changes or reads settings is not kept."""
    not_kept = (
        "panels/draw/",
        "panels/changes.py",
        "panels/budget_impact.py",
        *(
            f"panels/costs/{name}.py" for name in ("ask", "levers", "rule", "settings")
        ),  # the desk is not kept
        "core/toml_file.py",
        "core/home.py",
    )
    known, unlisted = catalogue("en"), {}
    for folder in ("panels", "runbooks/checks", "signals", "core"):
        for path in (ROOT / folder).rglob("*.py"):
            name = str(path.relative_to(ROOT))
            if not name.startswith(not_kept) and (keys := keys_in(path, known) - phrase_keys()):
                unlisted[name] = sorted(keys)
    assert unlisted == {}, "a journal may keep these: list them in incidents/events/phrase_keys.toml"


def test_numbers_of_any_kind_can_be_kept() -> None:
    message = say("measure.seen", value=np.float64(1.5), way=int(np.int64(2)), wanted=float("nan"))
    phrase = Phrase.from_message(message, EN)
    assert [(type(one), one) for one in phrase.values.values()] == [(float, 1.5), (int, 2), (str, "nan")]


def deep(levels: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"key": "measure.met"}
    for _ in range(levels):
        inner = {"key": "measure.met", "values": {"text": inner}}
    return inner


@pytest.mark.parametrize(
    "hostile",
    [
        {"key": "../../../../tmp/x.y"},
        {"key": "measure.met", "values": {"text": {"key": "/etc/x.y"}}},
        {"key": "measure"},
        deep(20),
        deep(5000),
        {
            "key": "measure.met",
            "values": {
                f"v{n}": {"key": "a.b", "values": {"x": 1} | {f"y{m}": m for m in range(9)}}
                for n in range(30)
            },
        },
        {"key": "measure.met", "values": {"text": float("inf")}},
    ],
)
def test_a_phrase_from_elsewhere_can_neither_name_a_file_nor_grow(hostile: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Phrase.model_validate(hostile)


def test_control_characters_are_taken_out() -> None:
    phrase = Phrase.model_validate(
        {"key": "measure.met", "values": {"text": "a\x1b[2Jb"}, "words": "c\x1b]0;x\x07d"}
    )
    assert (phrase.values["text"], phrase.words) == ("ab", "cd")
