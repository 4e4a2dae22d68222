"""What rotating and proving share: the secret that is meant, its values now and in a copy, and the proofs in words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from actions.errors import ActionRefused
from actions.model import Fact, Verification
from actions.secrets import places
from actions.secrets.fingerprint import fingerprints
from actions.secrets.proof import Answer, Proof
from core.message import Message, say
from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from actions.model import Context
    from actions.secret_settings import SecretSettings
    from actions.secrets.places import Place

LAST = "last"
"""What stands for the newest copies of a secret."""
_BACKUP = re.compile(r"[a-z0-9_-]+\.\d{8}T\d{6}Z\.[0-9a-f]{8}\Z")


def find_secret(name: str, context: Context) -> SecretSettings:
    """As the configuration has it, its paths absolute; raises `ActionRefused` that names those that are known."""
    known = context.settings.secrets
    if name not in known:
        names = ", ".join(sorted(known)) or "–"
        raise ActionRefused(say("secrets.no_such_secret", name=clean(name, 60), known=names))
    return known[name].seen_from(context.settings.checkout)


def values_of(known: Iterable[Place]) -> tuple[str, ...]:
    """Every value that stands anywhere, each once: what the service reads before what Warroom itself logs in with."""
    ordered = sorted(known, key=lambda place: place.target.server is not None)
    return tuple(dict.fromkeys(value for place in ordered for value in place.values))


def backup_folder(backup: str, context: Context) -> Path:
    """Where the copies of one rotation are; raises `ActionRefused` for a name that is none."""
    if _BACKUP.match(backup) is None:
        raise ActionRefused(say("secrets.no_such_backup", backup=clean(backup, 100)))
    return context.folder / "secrets" / "backups" / backup


def kept_value(name: str, backup: str, context: Context) -> str:
    """The value that a rotation replaced, or the last one of this secret; raises `ActionRefused` where its copies are not here."""
    secret = find_secret(name, context)
    if backup == LAST:
        copies = sorted((context.folder / "secrets" / "backups").glob(f"{name}.*"))
        backup = copies[-1].name if copies else LAST
    value = places.read_copy(secret, backup_folder(backup, context))
    if not value:
        raise ActionRefused(say("secrets.no_such_backup", backup=clean(backup, 100)))
    return value


def facts_of(known: Sequence[Place], context: Context) -> tuple[Fact, ...]:
    """The fingerprint of what stands at each place; None where nobody can tell."""
    fingerprint = fingerprints(context.folder / "secrets" / "fingerprint.key")
    return tuple(
        Fact(
            label=say("secrets.fact_present", place=place.label),
            value=", ".join(map(fingerprint, place.values))
            or (None if place.target.file is None or place.problem is not None else "–"),
            at=context.clock(),
        )
        for place in known
    )


def judged(proof: Proof, which: Message, *, wanted: Answer) -> Verification:
    """Whether the answer is the one that is wanted; no answer is neither."""
    text = say(f"secrets.is_{proof.answer}", which=which, said=proof.said)
    return Verification(text, ok=None if proof.answer is Answer.UNKNOWN else proof.answer is wanted)


def line(which: str, proof: Proof) -> str:
    """For the output, which has no language."""
    status = "" if proof.status is None else f" ({proof.status})"
    return f"{which}: {proof.answer}{status}"
