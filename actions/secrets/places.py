"""The places that hold a secret: what stands there now, what would stand there, and how it is written.

A file is read whole, changed in memory, judged, copied to a private folder of ours and replaced whole. The copy is not put
beside the file: in a checkout it would be one `git add` away from the history.
"""

from __future__ import annotations

import json
import os
import secrets as random
import shutil
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from actions.capabilities import Command
from actions.env_file import reads_alike, value_of, with_value
from actions.errors import ActionFailed
from actions.secret_settings import PLACE, URL_PASSWORD
from actions.secrets import servers
from actions.secrets.yaml_file import YamlError, is_alertmanager, values_at, with_values
from actions.step import Step
from core.errors import WarroomError
from core.files import make_private_folder, read_bytes, real_path, replace_file, write_new
from core.message import Message, say
from core.text import clean

if TYPE_CHECKING:
    from actions.model import Context
    from actions.secret_settings import SecretSettings, TargetSettings

COMMAND_TIMEOUT_S = 120.0
FILE = "{file}"


class PlaceError(WarroomError):
    """A place can't be read, or not be changed as it is meant."""


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a secret, by its number in the configuration. `values` are those that stand there; empty: not known."""

    number: int
    target: TargetSettings
    label: str
    values: tuple[str, ...] = field(default=(), repr=False)
    content: bytes | None = field(default=None, repr=False)
    """What the file holds as a whole."""
    state: str = ""
    """Mode, owner and, behind a link, the file that is meant."""
    problem: Message | None = None
    """Why nothing can be written there."""


def look(secret: SecretSettings, context: Context) -> list[Place]:
    """Every place as it is now; what is wrong with one is in its `problem`."""
    return [_look(number, target, secret, context) for number, target in enumerate(secret.write)]


def read_copy(secret: SecretSettings, folder: Path) -> str | None:
    """The value that a backup holds; None where no place of it was a file. Raises `PlaceError`."""
    for number, target in enumerate(secret.write):
        copy = folder / str(number)
        if target.file is None or not copy.exists():
            continue
        try:
            values = _values(target, secret, read_bytes(copy))
        except OSError as error:
            raise PlaceError(_unreadable(copy, error)) from None
        if values:
            return values[0]
    return None


def back_up(place: Place, folder: Path) -> None:
    """Keep the file as it is, for this user alone; raises `PlaceError`."""
    if place.content is None:
        return
    try:
        make_private_folder(folder)
        write_new(folder / str(place.number), place.content)
    except OSError as error:
        raise PlaceError(_unreadable(folder, error)) from None


def write(place: Place, secret: SecretSettings, value: str, old: str, context: Context) -> float:
    """Put the value there; raises `PlaceError`, `ActionFailed` or a `SourceError`, with nothing changed.

    Returns the mark of a server's sessions (`servers.set_password`).
    """
    target = place.target
    if target.file is not None:
        content = changed(place, secret, value)
        try:
            if (read_bytes(target.file) if target.file.exists() else None) != place.content:
                raise PlaceError(say("secrets.changed_meanwhile", file=place.label))
            _check(place, content, context)
            replace_file(target.file, content)
        except OSError as error:
            raise PlaceError(_unreadable(target.file, error)) from None
    elif target.server is not None:
        return servers.set_password(target.server, target.user, old, value, context)
    elif target.command is not None:
        completed = context.processes.run(_command(target.command, secret, _fill(target.form, "", value)))
        if completed.exit_code:
            program = clean(target.command[0], 80)
            raise ActionFailed(say("actions.exited", program=program, code=completed.exit_code))
    return 0.0


def put_back(place: Place, secret: SecretSettings, value: str, old: str, context: Context) -> None:
    """Take `write` back: a file as it was, byte for byte."""
    target = place.target
    if target.file is None:
        if old:
            write(place, secret, old, value, context)
        return
    try:
        if place.content is None:
            target.file.unlink(missing_ok=True)
        else:
            replace_file(target.file, place.content)
    except OSError as error:
        raise PlaceError(_unreadable(target.file, error)) from None


def step(place: Place, secret: SecretSettings, context: Context) -> Step:
    """How a plan shows it."""
    target = place.target
    if target.command is not None:
        return context.processes.step(_command(target.command, secret, ""), say("secrets.step_stdin"))
    if target.server == "postgres":
        return Step(
            kind="sql",
            text=f"ALTER ROLE … PASSWORD 'SCRAM-SHA-256$…'  {place.label}",
            title=say("secrets.step_server"),
        )
    if target.server == "redis":
        return Step(kind="redis", text=f"password of {place.label}", title=say("secrets.step_server"))
    return Step(kind="file", text=clean(f"{place.label}  {place.state}"), title=say("secrets.step_file"))


def checks(place: Place) -> tuple[str, ...]:
    """What judges the new file: what is configured, else amtool for a configuration of Alertmanager, where there is one."""
    if place.target.check is not None:
        return place.target.check
    if place.target.yaml_file is None or place.content is None or not shutil.which("amtool"):
        return ()
    try:
        known = is_alertmanager(place.content.decode())
    except (UnicodeDecodeError, YamlError):
        return ()
    return ("amtool", "check-config", FILE) if known else ()


def changed(place: Place, secret: SecretSettings, value: str) -> bytes:
    """The file as it would be; raises `PlaceError`."""
    target, content = place.target, place.content or b""
    if target.secret_file is not None:
        return value.encode() + (b"\n" if place.content is None or content.endswith(b"\n") else b"")
    text = _text(target, content)
    try:
        if target.env_file is not None:
            name = target.variable or secret.variable
            filled = _fill(target.form, value_of(text, name) or "", value)
            text = with_value(text, name, filled)
            if not reads_alike(filled) or _extract(target.form, value_of(text, name) or "") != value:
                raise PlaceError(say("secrets.not_writable_value", file=place.label))
        for path in target.yaml_keys:
            text = with_values(text, path, lambda old: _fill(target.form, old, value))
    except YamlError as error:
        raise PlaceError(say("secrets.no_yaml", file=place.label, detail=str(error))) from None
    return text.encode("utf-8", "surrogateescape")


def _look(number: int, target: TargetSettings, secret: SecretSettings, context: Context) -> Place:
    try:
        if target.server is not None:
            label = servers.place(target.server, target.user, context)
            own = servers.own_password(target.server, target.user, context)
            return Place(number, target, label, values=(own,) if own else ())
        if target.command is not None:
            label = clean(" ".join(target.command), 200)
            return Place(number, target, label, values=_read_command(target, secret, context))
        return _look_at_file(number, target, secret)
    except WarroomError as error:
        return Place(number, target, _label(target, secret), problem=error.message)


def _look_at_file(number: int, target: TargetSettings, secret: SecretSettings) -> Place:
    file, label = target.file or Path(), _label(target, secret)
    if not file.is_absolute():
        raise PlaceError(say("secrets.no_checkout", file=label))
    if target.env_file is not None and not (target.variable or secret.variable):
        raise PlaceError(say("secrets.no_variable", file=label))
    try:
        real = real_path(file)
        if not real.parent.is_dir() or not os.access(real.parent, os.W_OK):
            raise PlaceError(say("secrets.folder_closed", folder=clean(str(real.parent), 200)))
        if not real.exists():
            if target.yaml_file is not None or target.form == URL_PASSWORD:
                raise PlaceError(say("secrets.no_such_place", file=label))
            return Place(number, target, label, state="new 0600")
        content, status = read_bytes(real), real.stat()
    except OSError as error:
        raise PlaceError(_unreadable(file, error)) from None
    if status.st_nlink > 1:
        raise PlaceError(say("secrets.hard_links", file=label, count=status.st_nlink))
    link = f" → {real}" if file.is_symlink() else ""
    state = f"{stat.S_IMODE(status.st_mode):04o} {status.st_uid}:{status.st_gid}{link}"
    values = _values(target, secret, content)
    if not values and (target.yaml_file is not None or target.form == URL_PASSWORD):
        raise PlaceError(say("secrets.no_such_place", file=label))
    return Place(number, target, label, values=values, content=content, state=state)


def _values(target: TargetSettings, secret: SecretSettings, content: bytes) -> tuple[str, ...]:
    """What stands there, each once, without the words around it."""
    text = _text(target, content)
    if target.secret_file is not None:
        written = [text.rstrip("\r\n")]
    elif target.env_file is not None:
        value = value_of(text, target.variable or secret.variable)
        written = [] if value is None else [value]
    else:
        try:
            written = [value for path in target.yaml_keys for value in values_at(text, path)]
        except YamlError as error:
            file = clean(str(target.file), 200)
            raise PlaceError(say("secrets.no_yaml", file=file, detail=str(error))) from None
    known = (_extract(target.form, text) for text in written)
    return tuple(dict.fromkeys(value for value in known if value))


def _text(target: TargetSettings, content: bytes) -> str:
    try:
        return content.decode("utf-8", "surrogateescape" if target.env_file is not None else "strict")
    except UnicodeDecodeError:
        file = clean(str(target.file), 200)
        raise PlaceError(say("secrets.no_text", file=file)) from None


def _read_command(target: TargetSettings, secret: SecretSettings, context: Context) -> tuple[str, ...]:
    if target.read_command is None:
        return ()
    completed = context.processes.read(_command(target.read_command, secret, None))
    if completed.exit_code:
        program = clean(target.read_command[0], 80)
        raise PlaceError(say("actions.exited", program=program, code=completed.exit_code))
    value = _extract(target.form, completed.output.strip("\n"))
    return (value,) if value else ()


def _command(argv: tuple[str, ...], secret: SecretSettings, stdin: str | None) -> Command:
    return Command(
        argv=argv,
        cwd=secret.cwd,
        environment=secret.environment,
        stdin=None if stdin is None else stdin.encode(),
        timeout_s=COMMAND_TIMEOUT_S,
    )


def _check(place: Place, content: bytes, context: Context) -> None:
    """Judge the new file under a name beside the old one, where what it includes is found, too."""
    argv = checks(place)
    if not argv or place.target.file is None:
        return
    real = real_path(place.target.file)
    draft = real.with_name(f".{real.name}.{random.token_hex(4)}")
    write_new(draft, content)
    try:
        filled = tuple(argument.replace(FILE, str(draft)) for argument in argv)
        completed = context.processes.run(
            Command(argv=filled, cwd=str(real.parent), timeout_s=COMMAND_TIMEOUT_S)
        )
    finally:
        draft.unlink(missing_ok=True)
    if completed.exit_code:
        raise PlaceError(say("secrets.check_failed", file=place.label, program=clean(argv[0], 80)))


def _extract(form: str, text: str) -> str | None:
    """The value within what is written; None where it is written otherwise."""
    if form == URL_PASSWORD:
        try:
            return unquote(urlsplit(text).password or "") or None
        except ValueError:
            return None
    before, _, after = form.partition(PLACE)
    if len(text) < len(before) + len(after) or not (text.startswith(before) and text.endswith(after)):
        return None
    return text[len(before) : len(text) - len(after)]


def _fill(form: str, text: str, value: str) -> str:
    """What is written for a value; `text` is what stands there."""
    if form != URL_PASSWORD:
        return form.replace(PLACE, value)
    parts = urlsplit(text)
    user_part, _, host = parts.netloc.rpartition("@")
    user = user_part.partition(":")[0]
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(value, safe='')}@{host}"))


def _label(target: TargetSettings, secret: SecretSettings) -> str:
    """Where it is, for people."""
    if target.env_file is not None:
        return clean(f"{target.env_file} {target.variable or secret.variable}", 300)
    if target.yaml_file is not None:
        return clean(f"{target.yaml_file} {' '.join(target.yaml_keys)}", 300)
    return clean(str(target.file or target.server or json.dumps(target.command)), 300)


def _unreadable(path: Path, error: OSError) -> Message:
    return say("secrets.place_unreadable", file=clean(str(path), 200), detail=error.strerror or "?")
