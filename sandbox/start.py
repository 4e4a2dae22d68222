"""Starts the stack as a process of its own, in a private folder; it ends when the caller leaves the block, or dies."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ConfigError
from core.message import say
from core.own_python import module_command, own_environment
from sandbox.access import write_access
from sandbox.configuration import config_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.ports import Ports
    from sandbox.settings import Strategy
    from sandbox.stack import Traffic

STOP_LIMIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Started:
    """`config` is a `warroom.toml` over the stack. The first line that `process` prints says that it is up, or why not."""

    folder: Path
    config: Path
    process: subprocess.Popen[bytes]

    def answer(self) -> dict[str, object]:
        """Wait for that line: `ready` with the ports, or a `detail`; empty where the stack said nothing."""
        line = self.process.stdout.readline() if self.process.stdout else b""
        read = json.loads(line) if line else {}
        return read if isinstance(read, dict) else {}


@contextmanager
def start_sandbox(
    ports: Ports,
    traffic: Traffic,
    *,
    keep: bool = False,
    strategy: Strategy = "blue-green",
    config: Path | None = None,
    runbooks: Path | None = None,
) -> Iterator[Started]:
    """Begin to start it; `config` is where its configuration is written, without it into its folder.

    `runbooks` is a folder of manuals that are there beside the profile's. Raises `ConfigError`.
    """
    folder = Path(tempfile.mkdtemp(prefix="warroom-sandbox-"))
    if os.geteuid() == 0:
        folder.chmod(0o711)  # Postgres then runs as another user, who must pass through
    os.umask(0o077)  # nothing of it is anybody else's
    access = write_access(folder)
    path = config or folder / "warroom.toml"
    try:
        # What is played here does not belong among the user's own incidents.
        journal = json.dumps(f"sqlite:///{folder}/journal.db")
        own = f"[journal]\nurl = {journal}\n"
        if runbooks is not None:
            own += f"\n[runbooks]\nfolders = [{json.dumps(str(runbooks))}]\n"
        path.write_text(f"{config_text(ports, access, strategy)}\n{own}", encoding="utf-8")
    except OSError as error:
        shutil.rmtree(folder)
        raise ConfigError(say("config.unwritable", file=str(path), detail=error.strerror or "")) from error
    options = (",".join(map(str, astuple(option))) for option in (ports, traffic))
    ends = "keep" if keep else "remove"
    command = module_command("sandbox.stack", str(folder), *options, ends, strategy)
    with (folder / "stack.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            env=own_environment(),
            cwd=folder,
        )
    try:
        yield Started(folder, path, process)
    finally:
        if process.stdin:
            process.stdin.close()
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
