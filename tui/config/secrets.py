"""Where secrets hide in texts: in the user part of a URL, behind `?password=`, in the words of a connection."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, unquote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

MASK = "**********"
MAX_SECRET_BYTES = 100_000
MAX_SCHEME = 40
MIN_LENGTH = 4
"""A shorter secret is masked inside URLs alone: masking `a` everywhere would leave no readable line."""

_SCHEME = re.compile(r"[a-z][\w+.-]*\Z", re.IGNORECASE)
_SERVER = re.compile(
    r"(?:postgres(?:ql)?|rediss?|valkeys?|sentinel|amqps?|sqlite)(?:\+\w+)?://", re.IGNORECASE
)
_WORDS = re.compile(r"\S+")
_PARAMETER = re.compile(
    r"([?&;](?:ssl)?(?:password|passwd|pwd|secret|token|access_token|api_?key|auth)=)([^&#\s'\"]+)",
    re.IGNORECASE,
)
_WORD = re.compile(r"((?:^|\s)(?:ssl)?password\s*=\s*)('[^']*'|[^\s'\"]+)", re.IGNORECASE)
_PORT_AND_PATH = re.compile(r"\d*(?:[/?#]|$)")
_SECRET_FILE = re.compile(r"(?:token|password|secret)\w*_file$")


def literal_secrets(text: str) -> Iterator[str]:
    """Every password, token or the like that stands in a URL or in libpq's `key=value` words, as it is written."""
    for scheme, user_part in _user_parts(text):
        user, colon, password = user_part.partition(":")
        if colon and not ("/" not in user and _PORT_AND_PATH.match(password)):
            yield password
        elif colon and password.isdigit():
            yield password  # digits up to the `@` are no port
        elif not colon and scheme.lower() in ("http", "https") and not set("/?#") & set(user):
            yield user  # a token as the user's name
    for pattern in (_PARAMETER, _WORD):
        for match in pattern.finditer(text):
            yield match[2].strip("'")


def mask(text: str) -> str:
    """`text` with a mask where URLs and connection words may hold a secret."""
    text = _WORDS.sub(_mask_user_part, text)
    for pattern in (_PARAMETER, _WORD):
        text = pattern.sub(rf"\g<1>{MASK}", text)
    return text


def _user_parts(text: str) -> Iterator[tuple[str, str]]:
    """Scheme and user part of every URL that has one: from the first `://` of a word to its last `@`.

    Word by word, as a pattern would look from each `://` for an `@` that may not come.
    """
    for word in _WORDS.findall(text):
        before, sign, rest = word.partition("://")
        user_part, at, _ = rest.rpartition("@")
        scheme = _SCHEME.search(before[-MAX_SCHEME:])
        if sign and at and scheme is not None:
            yield scheme[0], user_part


def _mask_user_part(word: re.Match[str]) -> str:
    before, sign, rest = word[0].partition("://")
    _, at, host = rest.rpartition("@")
    return f"{before}{sign}{MASK}@{host}" if sign and at else word[0]


def collect_secrets(section: BaseModel) -> frozenset[str]:
    """All secrets that a validated configuration holds or names by file, in the spellings in which they travel."""
    spellings: set[str] = set()
    for secret in (*_secrets(section), *_of_runbooks(section)):
        for plain in {secret, unquote(secret)}:
            spellings |= {plain, quote(plain), quote(plain, safe=""), quote_plus(plain), repr(plain)[1:-1]}
    return frozenset(spelling for spelling in spellings if len(spelling) >= MIN_LENGTH)


def _secrets(value: object) -> Iterator[str]:
    from pydantic import BaseModel, SecretStr  # here, so that the log can mask without it

    if isinstance(value, SecretStr):
        text = value.get_secret_value()
        inside = tuple(literal_secrets(text))
        if inside or not _SERVER.match(text):  # a server's address without a password is none
            yield text
        yield from inside
        if text.startswith(("Bearer ", "Basic ")):
            yield text.partition(" ")[2]
    elif isinstance(value, str):
        yield from literal_secrets(value)
    elif isinstance(value, BaseModel | dict):
        for name, item in dict(value).items():
            yield from _from_file(str(item)) if item and _SECRET_FILE.search(name) else _secrets(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _secrets(item)


def _of_runbooks(section: BaseModel) -> Iterator[str]:
    """What the variables that checks may send hold."""
    for name in getattr(getattr(section, "runbooks", None), "secrets", ()):
        yield os.environ.get(name, "")


def _from_file(path: str) -> Iterator[str]:
    from core.files import read_text  # here, so that the log can mask without it

    try:
        yield read_text(Path(path), MAX_SECRET_BYTES).strip()
    except (OSError, ValueError):
        return  # whoever needs the secret says that its file can't be read
