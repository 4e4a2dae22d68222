"""argparse's own words (usage, headings, errors) in the language of everything else."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from tui.i18n import read_namespace

if TYPE_CHECKING:
    from tui.i18n import Language


def speak(words: Language) -> None:
    """Let argparse say its words in this language; one without a translation stays English."""
    ours, theirs = read_namespace(words.code, "argparse"), read_namespace("en", "argparse")
    told = {text: ours[key] for key, text in theirs.items() if key in ours}

    def singular(text: str) -> str:
        return told.get(text, text)

    def plural(one: str, more: str, count: int) -> str:
        return singular(one if count == 1 else more)

    # argparse takes its words from gettext, whose only public way in is a compiled catalogue on the disk.
    argparse.__dict__.update({"_": singular, "ngettext": plural})
