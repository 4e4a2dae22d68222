"""Who somebody is when they change the world: what the machine says, not what a variable of the environment says.

On one host that is the login of this process. Where the journal is a server, everybody can be anybody on their own host,
so that only the role with which they got into that server counts as proven.
"""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.text import clean

if TYPE_CHECKING:
    from incidents.journal import Journal

_LOGIN_UID = Path("/proc/self/loginuid")
_UNSET = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Identity:
    """`actor` is what the journal shows; by `proven` two people are told apart."""

    actor: str
    proven: str


def read_identity(journal: Journal) -> Identity:
    """Of this process. Raises `JournalAway` where only the journal's server could say."""
    login = login_name()
    role = journal.role()
    return Identity(actor=login, proven=login if role is None else clean(role, 80))


def login_name() -> str:
    """Who logged in, also behind `sudo` and `su`: the kernel remembers it where PAM told it (audit's login uid)."""
    for uid in (_login_uid(), os.getuid()):
        if uid is None:
            continue
        try:
            return clean(pwd.getpwuid(uid).pw_name, 80) or f"uid{uid}"
        except KeyError:
            continue
    return f"uid{os.getuid()}"


def _login_uid() -> int | None:
    try:
        uid = int(_LOGIN_UID.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return None if uid in (_UNSET, -1) else uid
