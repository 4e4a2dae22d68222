"""Everything that can go wrong on the way to a fact, with the words that a person will read.

WarroomError                 the root: anything that a person is told in one line
├── ConfigError              the configuration can't be used; raised by `tui.config.load`
│   └── UnreadableSecret     the file of a password, token or certificate can't be read: also an `Unreachable`
└── SourceError              a source did not give a fact
├── Unreachable          no connection: refused, no route, name unknown, TLS broken
├── TimedOut             connected, but no whole answer in time
├── Denied               401 or 403: the credentials are missing, wrong or expired
├── BadAnswer            an answer that is not what was asked for (redirect, HTML, cut JSON, too large)
├── BadQuery             the source understood and refused: syntax, type, cost
│   └── NotSupported     correct PromQL that this source can't evaluate; names the part
└── CircuitOpen          not asked: it failed too often a moment ago; says when it is tried again
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.message import Message


class WarroomError(Exception):
    """Anything that a person is told in one line."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.key, dict(message.values))
        self.message = message


class ConfigError(WarroomError):
    """The configuration can't be used."""


class SourceError(WarroomError):
    """A source did not give a fact."""


class Unreachable(SourceError):
    """No connection."""


class UnreadableSecret(ConfigError, Unreachable):
    """The file of a password, a token or a certificate can't be read.

    A command is told so as of a wrong configuration; a board goes on without that source, and asks the next one.
    """


class TimedOut(SourceError):
    """Connected, but no whole answer in time."""


class Denied(SourceError):
    """The credentials are missing, wrong or expired."""


class BadAnswer(SourceError):
    """An answer that is not what was asked for."""


class BadQuery(SourceError):
    """The source understood the expression and refused it."""


class NotSupported(BadQuery):
    """Correct PromQL that this source can't evaluate."""


class CircuitOpen(SourceError):
    """Not asked: the source failed too often a moment ago."""
