"""Where an action helps: what panels and alerts are about, and which of their names become its parameters."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  # a dataclass's own field
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Subject: TypeAlias = Literal[
    "alert", "cost", "model", "queue", "release", "requests", "schema", "secrets", "workers"
]
"""What somebody looks at. `requests` are those to others, who limit or ban; `model` is a language model."""
ConfigSection: TypeAlias = Literal[
    "actions.data_lock",
    "actions.experiment",
    "actions.producers",
    "actions.secrets",
    "actions.chaos",
    "actions.switches",
    "actions.visuals",
    "releases.adapter",
    "releases.gates",
    "signals.alertmanager",
    "signals.celery",
    "signals.postgres",
    "signals.redis",
]
"""A part of the configuration that an action may not be able to do without."""


@dataclass(frozen=True, slots=True)
class Fit:
    """It helps with `subject`; of several the one with the least `rank` is offered first.

    `fill` says which name of what is looked at (`queue`, `task`, `alertname` …) a parameter takes.
    """

    subject: Subject
    rank: int = 5
    fill: Mapping[str, str] = field(default_factory=dict)
