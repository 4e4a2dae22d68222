"""The system that a drill breaks: the sandbox, or the one that the configuration names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.breakages.control import SOCKET

if TYPE_CHECKING:
    from pathlib import Path

SANDBOX = "sandbox"
"""The environment that the configuration of a sandbox names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What faults, probes and load reach. `sandbox` is the private folder of a running sandbox, None for any other system.

    `config` is the `warroom.toml` under which boards and actions see the same system.
    """

    config: Path
    environment: str
    sandbox: Path | None = None

    @property
    def is_gone(self) -> bool:
        """Whether it was a sandbox that has ended since, and all that was broken in it with it."""
        return self.sandbox is not None and not (self.sandbox / SOCKET).is_socket()


def find_target(config: Path, environment: str, checkout: Path | None) -> Target:
    """What a configuration names; it is a sandbox where the supervisor of one answers in its checkout (`[actions] checkout`)."""
    is_sandbox = environment == SANDBOX and checkout is not None and (checkout / SOCKET).is_socket()
    return Target(config=config, environment=environment, sandbox=checkout if is_sandbox else None)
