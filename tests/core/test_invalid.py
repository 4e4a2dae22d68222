"""Every kind of error that a model of ours can have is said in every language."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field, ValidationError
from pydantic_core import ErrorDetails

from core.invalid import KINDS, invalid
from drills.scenarios.read import read_scenario
from tui.i18n import CODES, Language, read_namespace

ROOT = Path(__file__).parents[2]
ROOMS = (
    "actions",
    "core",
    "drills",
    "incidents",
    "panels",
    "profiles",
    "response",
    "runbooks",
    "sandbox",
    "signals",
    "tui",
)
CHINESE = re.compile("[\u4e00-\u9fff]")


def raised_kinds() -> set[str]:
    """What our own validators call their errors."""
    paths = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    calls = [
        node
        for path in paths
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "PydanticCustomError"
    ]
    return {str(call.args[0].value) for call in calls if isinstance(call.args[0], ast.Constant)}


@pytest.mark.parametrize("code", CODES)
def test_every_kind_has_a_text(code: str) -> None:
    assert raised_kinds() - KINDS == set()
    assert set(read_namespace(code, "invalid")) == KINDS | {"other"}


class Model(BaseModel):
    number: Annotated[int, Field(ge=1, le=5)] = 1
    word: Annotated[str, Field(pattern="^[a-z]+$", max_length=3)] = "a"
    kind: Literal["one", "two"] = "one"
    parts: Annotated[tuple[str, ...], Field(min_length=1)] = ("a",)
    share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    is_on: bool = True


@pytest.mark.parametrize(
    "values",
    [
        {"number": 0},
        {"number": 9},
        {"number": "x"},
        {"number": 1.5},
        {"word": 7},
        {"word": "A"},
        {"word": "abcd"},
        {"kind": "three"},
        {"parts": ()},
        {"parts": 3},
        {"share": 0},
        {"share": 2},
        {"is_on": "perhaps"},
    ],
)
def test_pydantics_own_errors_are_said_in_chinese(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        Model.model_validate(values)
    (detail,) = caught.value.errors()
    said = Language("zh").say(invalid(detail))
    assert CHINESE.search(said), said
    assert "{" not in said


def test_a_kind_without_a_text_keeps_its_words() -> None:
    detail = ErrorDetails(type="value_error", loc=(), msg="Value error, no such thing", input=None)
    assert Language("zh").say(invalid(detail)) == "Value error, no such thing"


def test_a_scenario_is_linted_in_chinese_with_its_line() -> None:
    text = "id: x\ntitle: {en: X, zh: X}\nlimit_s: soon\nseverity: SEV9\n"
    problems = {
        problem.line: Language("zh").say(problem.message)
        for problem in read_scenario(text, "x.yaml").problems
    }
    assert all(CHINESE.search(said) for said in problems.values()), problems
    assert {3, 4} <= problems.keys()
    assert "Input should" not in str(problems)
