"""Where events are kept: the database, the spool beside it, news, verification and copies.

`open_journal` opens a `Journal`; `watch.watch` follows it, `verify.verify` checks it, `export_lines` and `import_lines`
copy it. SQLAlchemy (15 MB) is loaded when the first of these names is asked for: `JournalFile` does without.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from incidents.journal.exchange import export_lines, import_lines
    from incidents.journal.history import Summary
    from incidents.journal.journal import Journal, open_journal
    from incidents.journal.sqlite_file import JournalFile

__all__ = ["Journal", "JournalFile", "Summary", "export_lines", "import_lines", "open_journal"]

_MODULES = {
    "Journal": "journal",
    "JournalFile": "sqlite_file",
    "Summary": "history",
    "export_lines": "exchange",
    "import_lines": "exchange",
    "open_journal": "journal",
}


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(name)
