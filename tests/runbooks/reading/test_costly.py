"""Reading a Markdown file stays linear, and what is too costly to read is cut and said."""

from __future__ import annotations

import time

import pytest

from runbooks.reading.markdown import MAX_BRACKETS
from runbooks.reading.read import Parsed, read_runbook

LIMIT_S = 12.0
"""Of CPU time; before they were mended these took 8 to 55 s."""

STEP = "- [ ] a <!-- id: a{} -->\n"
COSTLY = {
    "15 000 headings": "# a\n" * 15_000,
    "15 000 bullets": "* a\n" * 15_000,
    "48 lines of brackets": ("[" * 9_900 + "\n") * 48,
    "10 000 steps": "---\nid: x\n---\n## A <!-- id: a -->\n" + "".join(STEP.format(n) for n in range(10_000)),
    "10 000 steps of one id": "---\nid: x\n---\n## A <!-- id: a -->\n" + STEP.format("") * 10_000,
}


def read(text: str) -> Parsed:
    return read_runbook(text, "f.md", "en")


@pytest.mark.parametrize("text", COSTLY.values(), ids=COSTLY)
def test_a_costly_file_takes_seconds(text: str) -> None:
    began = time.process_time()
    read(text)
    assert time.process_time() - began < LIMIT_S


@pytest.mark.parametrize("sign", ["*", "_", "**a ", "> ", "- "])
def test_emphasis_in_emphasis_without_end_is_read_as_it_is_written(sign: str) -> None:
    """Five thousand of them took the parser's tree, and the reader, deeper than Python goes."""
    parsed = read(
        "---\nid: x\n---\n## A <!-- id: a -->\n\n- [ ] "
        + sign * 5_000
        + "b"
        + sign * 5_000
        + " <!-- id: b -->\n"
    )
    assert parsed.runbook.id == "x"


def test_what_is_cut_is_said() -> None:
    parsed = read("# A\n\n- one\n\n" + ("[" * 100 + "\n") * (MAX_BRACKETS // 100 + 1) + "\n- two\n")
    problems = [(problem.line, problem.rule) for problem in parsed.problems]
    assert (5 + MAX_BRACKETS // 100, "too-many-brackets") in problems
    assert "two" not in repr(parsed.runbook)
    assert "one" in repr(parsed.runbook)


def test_an_id_that_is_taken_gets_the_first_free_number() -> None:
    titles = ["a", "a-2", "a", "a", "a-2"]
    parsed = read("".join(f"## {title}\n\n- x{number}\n\n" for number, title in enumerate(titles)))
    assert [phase.id for phase in parsed.runbook.phases] == ["a", "a-2", "a-3", "a-4", "a-2-2"]
