"""Text from outside, made harmless once, at the border.

Labels, annotations, error bodies and program output may hold control sequences that move the cursor or write
the clipboard, bidi controls that reorder what is read, and characters whose width terminals disagree on
(ECMA-48; Unicode UAX #9, #11). Markup is not handled here: screens show outside text as text, never as markup.
"""

from __future__ import annotations

import re

# OSC, DCS, SOS, PM and APC run to ST or BEL; an unterminated one swallows the rest of its line.
_STRING_SEQUENCE = re.compile(
    r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
)
_CONTROL_SEQUENCE = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?")
_ESCAPE = re.compile(r"\x1b[ -/]*[0-~]?")
UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
"""Single characters that a terminal obeys or hides."""
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def clean(text: str, limit: int = 500) -> str:
    """One harmless line of at most `limit` characters; line ends and tabs become spaces."""
    return " ".join(clean_block(text, 4 * limit).split())[:limit]


def clean_block(text: str, limit: int = 20_000) -> str:
    """Harmless text that keeps its line ends and tabs, of at most `limit` characters."""
    if text.isascii() and text.isprintable():  # nearly every line of a long output
        return text[:limit]
    text = text[: 4 * limit].replace("\r\n", "\n").replace("\r", "\n")
    for pattern in (_STRING_SEQUENCE, _CONTROL_SEQUENCE, _ESCAPE, UNWANTED):
        text = pattern.sub("", text)
    return _LONE_SURROGATE.sub("\ufffd", text)[:limit]
