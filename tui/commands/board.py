"""`warroom`: the live board."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from tui.invocation import Invocation
    from tui.language import Language


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """It has no options of its own."""


def run(args: argparse.Namespace, invocation: Invocation) -> int:  # noqa: ARG001  # the shape of every command
    """Open the board; a configuration that can't be used ends it with one line."""
    from tui.app import Warroom

    app = Warroom(invocation.config, invocation.words)
    line = app.run()
    if line is not None:
        sys.stderr.write(invocation.words.text("cli.error", text=line) + "\n")
    return app.return_code or 0
