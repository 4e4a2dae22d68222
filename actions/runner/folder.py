"""Where the files of a run are: one private folder a run, on the host that it runs on."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003  # a dataclass's own field
from typing import TYPE_CHECKING, ClassVar

from core.files import open_private, read_bytes, read_text
from incidents.journal.sqlite_file import default_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from actions.settings import ActionsSettings

MAX_DOCUMENT_BYTES = 64 << 20
MAX_ACTOR_BYTES = 1000


def runs_folder(settings: ActionsSettings) -> Path:
    """Where all runs of this host are."""
    return settings.folder or default_file().with_name("runs")


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The files of one run."""

    path: Path
    UNWRITTEN: ClassVar = "unwritten.jsonl"

    @classmethod
    def of(cls, settings: ActionsSettings, run: UUID) -> RunFolder:
        """It need not be there yet."""
        return cls(runs_folder(settings) / str(run))

    @property
    def output(self) -> Path:
        """What the run printed: cleaned, without secrets."""
        return self.path / "output.log"

    @property
    def log(self) -> Path:
        """What the runner itself has to say when it breaks."""
        return self.path / "runner.log"

    @property
    def cancel(self) -> Path:
        """There when somebody on this host wants the run to end; holds who."""
        return self.path / "cancel"

    @property
    def document(self) -> Path:
        """What the action gives to programs, as JSON; there when it gives something."""
        return self.path / "document.json"

    @property
    def unwritten(self) -> Path:
        """Events of the run that the journal has not taken yet; see `actions.runner.unwritten`."""
        return self.path / self.UNWRITTEN

    def create(self) -> None:
        """For this user alone."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.parent.chmod(0o700)

    def write_document(self, document: Mapping[str, object]) -> None:
        """For this user alone."""
        with open_private(self.document, new=True) as file:
            json.dump(document, file)

    def read_document(self) -> dict[str, object]:
        """Empty where there is none on this host, or it is damaged."""
        try:
            document = json.loads(read_bytes(self.document, MAX_DOCUMENT_BYTES))
        except (OSError, ValueError, RecursionError):
            return {}
        return document if isinstance(document, dict) else {}

    def ask_cancel(self, actor: str) -> None:
        """The runner looks several times a second."""
        descriptor = os.open(self.cancel, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(actor)

    def cancelled_by(self) -> str | None:
        """Who wants it to end; None where nobody does."""
        try:
            return read_text(self.cancel, MAX_ACTOR_BYTES, errors="replace") or "?"
        except OSError:
            return None
