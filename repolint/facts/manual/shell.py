"""Takes a shell line apart into simple commands, without running or expanding anything.

What only the reader or the shell knows (`<message>`, `$X`, `$(…)`, `YOUR_KEY`) becomes `WILD`: a rule must not judge it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

WILD: Final = "\ufffc"
_PLACEHOLDER = re.compile(
    r"<[^\W\d](?:[^<>|&;\n\"']{0,60}[^<>|&;\s\"'])?>|(?<!\$)\{\{?[\w .-]{1,40}\}\}?(?=[\s/.:]|$)|…|\.\.\.(?=[\s/]|$)"
)
_VARIABLE = re.compile(r"\$(?:\w+|[@*#?$!-]|\{[^}\n]{0,1000}\})")
_REDIRECT = re.compile(r"(?:\d{0,4}|&)(?:>>|>\||>&|>|<<<|<<-?|<)&?")
_OPERATOR = re.compile(r"&&|\|\||\|&|[|;&\n()]")
_MAX_DEPTH = 5
MAX_DIGITS = 4
"""Of a descriptor's number."""


@dataclass(frozen=True, slots=True)
class Simple:
    """One simple command. `opens` and `closes`: subshells that begin before it and end behind it.

    `writes` are the files that it is redirected into, `before` is the operator in front of it.
    """

    words: tuple[str, ...]
    before: str = ""
    writes: tuple[str, ...] = ()
    opens: int = 0
    closes: int = 0


def simple_commands(text: str, depth: int = 0) -> list[Simple]:
    """All simple commands of a line, with those inside `$(…)` in front of the one that uses them."""
    return _Scanner(_PLACEHOLDER.sub(WILD, text), depth).run()


class _Scanner:
    """One pass over the text; a class because every branch moves the same cursor."""

    def __init__(self, text: str, depth: int) -> None:
        self.text, self.depth, self.at = text, depth, 0
        self.commands: list[Simple] = []
        self.words: list[str] = []
        self.writes: list[str] = []
        self.word: list[str] | None = None
        self.before = ""
        self.opens = 0
        self.redirect = ""

    def run(self) -> list[Simple]:
        while self.at < len(self.text):
            self._step()
        self._end_command("")
        return self.commands

    def _step(self) -> None:
        sign = self.text[self.at]
        if sign in " \t\r":
            self._end_word()
            self.at += 1
        elif sign == "#" and self.word is None:
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end
        elif sign == "\\":
            following = self.text[self.at + 1 : self.at + 2].replace("\n", "")
            self._add("\\" + following if following.isalnum() else following)  # a path of Windows stays one
            self.at += 2
        elif sign == "'":
            end = self.text.find("'", self.at + 1)
            end = len(self.text) if end < 0 else end
            self._add(self.text[self.at + 1 : end])
            self.at = end + 1
        elif sign == '"':
            self._double_quoted()
        elif sign in "$`":
            self._expansion()
        elif self._may_be_redirected() and (redirect := _REDIRECT.match(self.text, self.at)):
            self.word = None
            self.redirect = redirect[0]
            self.at = redirect.end()
        elif sign in "<>":
            self._end_word()
        elif operator := _OPERATOR.match(self.text, self.at):
            self._operator(operator[0])
            self.at = operator.end()
        else:
            self._add(sign)
            self.at += 1

    def _add(self, text: str) -> None:
        if self.word is None:
            self.word = []
        self.word.append(text)

    def _may_be_redirected(self) -> bool:
        """Where a redirection may begin: at the start of a word, or behind the number of a descriptor."""
        return self.word is None or (len(self.word) <= MAX_DIGITS and "".join(self.word).isdigit())

    def _double_quoted(self) -> None:
        self.at += 1
        self._add("")
        while self.at < len(self.text) and self.text[self.at] != '"':
            sign = self.text[self.at]
            if sign == "\\":
                self._add(self.text[self.at + 1 : self.at + 2])
                self.at += 2
            elif sign in "$`":
                self._expansion()
            else:
                self._add(sign)
                self.at += 1
        self.at += 1

    def _expansion(self) -> None:
        if self.text.startswith("$(", self.at):
            end = _closing(self.text, self.at + 2)
            inner = self.text[self.at + 2 : end]
            self._add(WILD)
            self.at = end + 1
            self._inner("" if inner.startswith("(") else inner)
        elif self.text[self.at] == "`":
            end = self.text.find("`", self.at + 1)
            end = len(self.text) if end < 0 else end
            inner = self.text[self.at + 1 : end]
            self._add(WILD)
            self.at = end + 1
            self._inner(inner)
        elif variable := _VARIABLE.match(self.text, self.at):
            self._add(WILD)
            self.at = variable.end()
        else:
            self._add("$")
            self.at += 1

    def _inner(self, text: str) -> None:
        if text and self.depth < _MAX_DEPTH:
            self.commands += simple_commands(text, self.depth + 1)

    def _end_word(self) -> None:
        if self.word is None:
            return
        if self.redirect:
            if ">" in self.redirect and not self.redirect.endswith("&"):
                self.writes.append("".join(self.word))
            self.redirect = ""
        else:
            self.words.append("".join(self.word))
        self.word = None

    def _operator(self, operator: str) -> None:
        if operator == "(":
            self._end_command("(")
            self.opens += 1
        elif operator == ")":
            self._end_command(")")
            if self.commands:
                last = self.commands[-1]
                self.commands[-1] = Simple(last.words, last.before, last.writes, last.opens, last.closes + 1)
        else:
            self._end_command(operator)

    def _end_command(self, operator: str) -> None:
        self._end_word()
        if self.words or self.writes:
            self.commands.append(Simple(tuple(self.words), self.before, tuple(self.writes), self.opens))
            self.opens = 0
        self.words, self.writes, self.redirect = [], [], ""
        self.before = operator


def _closing(text: str, at: int) -> int:
    """Where the parenthesis that was opened before `at` closes."""
    depth = 1
    while at < len(text):
        depth += (text[at] == "(") - (text[at] == ")")
        if depth == 0:
            return at
        at += 1
    return len(text)
