"""What a line of a manual runs, where, and inside what; nothing is expanded, and what only the reader knows stays open."""

from __future__ import annotations

from pathlib import Path

import pytest

from repolint.facts.manual.commands import ELSEWHERE, commands
from repolint.facts.manual.document import read_document
from repolint.facts.manual.shell import WILD, simple_commands
from repolint.project import Project

FILES = frozenset({"web/package.json", "web/src/a.ts", "app/main.py"})


def found(text: str) -> list[tuple[str, str, str]]:
    """Each command's words, its folder ('?' where nobody can know), and its container."""
    document = read_document("m", f"```sh\n{text}\n```\n")
    return [
        (" ".join(c.argv), c.folder if c.sure else "?", c.container)
        for c in commands(Project(Path(), FILES, (document,)))
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a 'b c' \"d e\" f\\ g", ["a|b c|d e|f g"]),
        ("a && b || c ; d | e & f", ["a", "b", "c", "d", "e", "f"]),
        ("a > out 2>&1 < in >> more", ["a"]),
        ("a # b", ["a"]),
        ("a b#c", ["a|b#c"]),
        ("a <name> ${B} $C/d", [f"a|{WILD}|{WILD}|{WILD}/d"]),
        ("a <in >out", ["a"]),
        ("a $(b $(c)) `d`", ["c", f"b|{WILD}", "d", f"a|{WILD}|{WILD}"]),
        ("(a; b) && c", ["a", "b", "c"]),
        ("a '$B' \"$(b)\"", ["b", f"a|$B|{WILD}"]),
        ("a 'unclosed", ["a|unclosed"]),
        ("a {{ value }} ...", [f"a|{WILD}|{WILD}"]),
        ("", []),
        ("&& | ;", []),
    ],
)
def test_a_line_is_taken_apart(text: str, words: list[str]) -> None:
    assert ["|".join(simple.words) for simple in simple_commands(text)] == words


def test_what_a_redirect_writes_is_kept() -> None:
    assert simple_commands("a > out 2>> log < in")[0].writes == ("out", "log")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=1 sudo -u x env B=2 nice -n 5 a b", [("a b", "", "")]),
        ("timeout -k 5 30 a", [("a", "", "")]),
        ("poetry run a b", [("poetry run a b", "", ""), ("a b", "", "")]),
        ("uv run --with x a", [("uv run --with x a", "", ""), ("a", "", "")]),
        ("npx -p y z", [("npx -p y z", "", ""), ("z", "", "")]),
        ("bash -lc 'a && b'", [("bash -lc a && b", "", ""), ("a", "", ""), ("b", "", "")]),
        (
            "docker compose -f x.yml exec -T -e A=1 web a b",
            [("docker compose -f x.yml exec -T -e A=1 web a b", "", ""), ("a b", "", "web")],
        ),
        (
            "docker-compose run --rm web sh -c 'a'",
            [("docker-compose run --rm web sh -c a", "", ""), ("sh -c a", "", "web"), ("a", "", "web")],
        ),
        ("docker exec -it box a", [("docker exec -it box a", "", ""), ("a", "", ELSEWHERE)]),
        ("kubectl -n x exec p -- a b", [("kubectl -n x exec p -- a b", "", ""), ("a b", "", ELSEWHERE)]),
        ("ssh box 'a; b'", [("ssh box a; b", "", ""), ("a", "", ELSEWHERE), ("b", "", ELSEWHERE)]),
        ("watch -n 5 'a b'", [("watch -n 5 a b", "", ""), ("a b", "", "")]),
        ("if a; then b; fi", [("a", "", ""), ("b", "", "")]),
        ("for i in 1 2; do a; done", [("a", "", "")]),
    ],
)
def test_wrappers_are_taken_off(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert found(text) == expected


def test_cd_moves_what_follows_in_the_same_block() -> None:
    assert found("cd web && a\nb\n(cd src && c)\nd\ncd ..\ne\ncd /opt/x\nf")[1::1] == [
        ("a", "web", ""),
        ("b", "web", ""),
        ("cd src", "web", ""),
        ("c", "web/src", ""),
        ("d", "web", ""),
        ("cd ..", "web", ""),
        ("e", "", ""),
        ("cd /opt/x", "", ""),
        ("f", "?", ""),
    ]


def test_the_next_block_starts_at_the_root_again() -> None:
    document = read_document("m", "```sh\ncd web\n```\n\n```sh\na\n```\n")
    assert [c.folder for c in commands(Project(Path(), FILES, (document,)))] == ["", ""]


def test_a_deeply_nested_line_comes_to_an_end() -> None:
    assert simple_commands("$(" * 5000 + "a" + ")" * 5000)
    assert found("bash -c " * 3 + "a")
