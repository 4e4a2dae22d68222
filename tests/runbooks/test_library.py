"""Built-in and own runbooks together: which one is taken, which fits an alert, and what includes bring in."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from runbooks.library import Library, load_library, load_runbook, read_file
from runbooks.reading.read import Parsed
from runbooks.settings import RunbooksSettings
from tests.chimera import RUNBOOKS

HEAD = "---\nid: {id}\ntitle: {title}\nalerts: [{alerts}]\npanels: [{panels}]\n---\n"


def book(
    folder: Path, name: str, body: str = "", *, title: str = "", alerts: str = "", panels: str = ""
) -> None:
    """A runbook file whose body begins at line 7."""
    path = folder / f"{name}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    identity = path.stem
    head = HEAD.format(id=identity, title=title or identity, alerts=alerts, panels=panels)
    path.write_text(head + body, encoding="utf-8")


def loaded(*folders: Path, language: str = "en") -> Library:
    return load_library(RunbooksSettings(folders=folders), language)


def told(library: Library, folder: Path) -> list[tuple[str, int, str]]:
    """Problems of the files in `folder`."""
    return [
        (Path(one.file).name, one.line, one.rule)
        for one in library.problems
        if one.file.startswith(str(folder))
    ]


def test_a_later_folder_replaces_an_equal_id_whatever_its_language(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    book(first, "zh/ban", title="团队")
    book(second, "ban", title="Ours")
    found = loaded(first, second, language="zh")
    mine = found.get("ban")
    assert mine is not None
    assert (mine.title, mine.language) == ("Ours", "zh")
    assert [one.id for one in found.runbooks].count("ban") == 1


def test_the_other_language_is_shown_where_this_one_is_missing(tmp_path: Path) -> None:
    book(tmp_path, "en/only-english", title="E")
    book(tmp_path, "en/both", title="E")
    book(tmp_path, "zh/both", title="中")
    titles = {one.id: (one.title, one.language) for one in loaded(tmp_path, language="zh").runbooks}
    assert titles["only-english"] == ("E", "en")
    assert titles["both"] == ("中", "zh")


def test_the_runbook_that_knows_an_alert_best_comes_first(tmp_path: Path) -> None:
    book(tmp_path, "general", alerts="OtherThing, QueueLong, LatencyHigh")
    book(tmp_path, "special", alerts="QueueLong")
    book(tmp_path, "a-wide", alerts="QueueLong, B, C")
    found = loaded(tmp_path)
    assert [one.id for one in found.for_alert("QueueLong")] == ["special", "a-wide", "general"]
    assert [one.id for one in found.for_alert("QueueLongs")][:1] == ["special"]
    assert found.for_alert("SomethingElseAltogether") == ()


def test_a_panel_has_its_runbooks(tmp_path: Path) -> None:
    book(tmp_path, "second", panels="riot, newpanel")
    book(tmp_path, "first", panels="newpanel")
    found = loaded(tmp_path)
    assert [one.id for one in found.for_panel("newpanel")] == ["first", "second"]
    assert found.for_panel("nothing") == ()


def test_includes_bring_in_phases_with_ids_of_their_own(tmp_path: Path) -> None:
    book(
        tmp_path,
        "base",
        "## Stop <!-- id: stop -->\n- [ ] Halt <!-- id: halt -->\n## Go <!-- id: go -->\n- [ ] Run <!-- id: run -->\n",
    )
    book(
        tmp_path,
        "one",
        "## Own <!-- id: own -->\n- [ ] Look <!-- id: halt -->\n\n<!-- include: base#go -->\n\n## End <!-- id: end -->\n- [ ] Bye <!-- id: bye -->\n",
    )
    book(tmp_path, "all", "<!-- include: one -->\n")
    found = loaded(tmp_path)
    assert told(found, tmp_path) == []
    one, everything = found.get("one"), found.get("all")
    assert one is not None
    assert everything is not None
    assert [(step.number, step.id) for step in one.steps()] == [
        ("1.1", "halt"),
        ("2.1", "base.run"),
        ("3.1", "bye"),
    ]
    assert [step.id for step in everything.steps()] == ["one.halt", "one.base.run", "one.bye"]
    assert [Path(step.file).name for step in one.steps()] == ["one.md", "base.md", "one.md"]


@pytest.mark.parametrize(
    ("bodies", "problems"),
    [
        ({"a": "<!-- include: a -->"}, [("a.md", 7, "include-cycle")]),
        (
            {"a": "<!-- include: b -->", "b": "\n<!-- include: a -->"},
            [("a.md", 7, "include-cycle"), ("b.md", 8, "include-cycle")],
        ),
        ({"a": "<!-- include: bb -->", "bbb": ""}, [("a.md", 7, "include-unknown-near")]),
        ({"a": "<!-- include: zzzzz -->"}, [("a.md", 7, "include-unknown")]),
        ({"a": "<!-- include: b#no -->", "b": ""}, [("a.md", 7, "include-no-phase")]),
    ],
)
def test_an_include_that_leads_nowhere_is_told_with_its_line(
    tmp_path: Path, bodies: dict[str, str], problems: list[tuple[str, int, str]]
) -> None:
    for name, body in bodies.items():
        book(tmp_path, name, body)
    assert sorted(told(loaded(tmp_path), tmp_path)) == problems


def test_includes_that_double_at_each_stage_end(tmp_path: Path) -> None:
    book(tmp_path, "s0", "## P <!-- id: p -->\n- [ ] x <!-- id: x -->\n")
    for stage in range(1, 40):
        book(tmp_path, f"s{stage}", f"<!-- include: s{stage - 1} -->\n<!-- include: s{stage - 1} -->\n")
    begin = time.perf_counter()
    assert "include-too-many" in {rule for _, _, rule in told(loaded(tmp_path), tmp_path)}
    assert time.perf_counter() - begin < 20


def test_what_cannot_be_read_is_told_and_the_rest_is_there(tmp_path: Path) -> None:
    book(tmp_path, "good")
    (tmp_path / "copy.md").write_text("---\nid: good\ntitle: Copy\n---\n")
    (tmp_path / "bytes.md").write_bytes(b"# Bytes\n\n- caf\xe9\n")
    (tmp_path / "large.md").write_text("x" * 5_000_000)
    (tmp_path / "folder.md").mkdir()
    (tmp_path / "README.md").write_text("# what is here\n")
    found = loaded(tmp_path, tmp_path / "gone")
    assert sorted(told(found, tmp_path)) == [
        ("bytes.md", 3, "not-utf8"),
        ("folder.md", 1, "no-file"),
        ("gone", 1, "no-folder"),
        ("good.md", 1, "duplicate-runbook"),
        ("large.md", 1, "too-large"),
    ]
    assert found.get("good") is not None
    assert found.get("readme") is None


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_built_in_runbooks_open_without_a_problem(language: str) -> None:
    found = load_library(RUNBOOKS, language)
    assert found.problems == ()
    assert {one.language for one in found.runbooks} <= {language}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_one_runbook_alone_is_the_same_as_in_the_library(tmp_path: Path, language: str) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "other-name.md").write_text(HEAD.format(id="ours", title="O", alerts="", panels=""))
    book(tmp_path, "deploy", "## Ours\n\n- [ ] Look <!-- id: look -->\n", title="Our deploy")
    book(tmp_path, "all", "<!-- include: ours -->\n<!-- include: deploy -->\n")
    (tmp_path / "hand.md").write_text("# By hand\n\n- one\n", encoding="utf-8")
    settings = RunbooksSettings(folders=(tmp_path,))
    library = load_library(settings, language)
    for one in library.runbooks:
        assert load_runbook(settings, language, one.id) == one
    assert load_runbook(settings, language, "not-there") is None


def test_for_one_runbook_the_others_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book(tmp_path, "ours", title="O")
    book(tmp_path, "theirs", title="T")
    opened: list[str] = []

    def read(path: Path, language: str) -> Parsed:
        opened.append(path.name)
        return read_file(path, language)

    monkeypatch.setattr("runbooks.library.read_file", read)
    assert load_runbook(RunbooksSettings(folders=(tmp_path,)), "en", "ours") is not None
    assert opened == ["ours.md"]
