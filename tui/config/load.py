"""From `warroom.toml` to the configuration, with the line of every mistake."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ConfigError
from core.files import read_text
from core.home import expanded as expanded_path
from core.message import Message, say
from core.toml_file import MAX_BYTES, Problem, TomlFile, no_such, parse_toml, read_toml, refuse, validate
from panels.settings import unknown_names
from sandbox.settings import SandboxSettings
from tui.config.model import Config
from tui.config.profile import fill_in, read_chosen
from tui.config.secrets import literal_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from core.toml_file import Location


def load_config(path: Path) -> Config:
    """Read and validate `path`; raises `ConfigError` that names file, line and key of the first problem."""
    config, problems = check_config(path)
    if config is None or problems:
        raise refuse(problems)
    return config


def load_sandbox(path: Path) -> SandboxSettings:
    """The `[sandbox]` section alone: what else is wrong in the file does not keep the sandbox from starting.

    Raises `ConfigError` where the file is no TOML or this section is wrong.
    """
    config, problems = check_config(path)
    relevant = [
        problem
        for problem in problems
        if problem.file == path and problem.key.split(".")[0] in ("", "sandbox")
    ]
    if relevant:
        raise refuse(relevant[:1])
    if config is not None:
        return config.sandbox
    return SandboxSettings.model_validate(parse_toml(read_text(path, MAX_BYTES)).get("sandbox", {}))


def load_manuals(path: Path) -> Config:
    """The profile alone, of a file that may be wrong: a manual must open when all else is broken."""
    try:
        named = _PROFILE.search(read_text(path, MAX_BYTES, errors="replace"))
        file = TomlFile(path, {}, {(): 1})
        chosen, _ = read_chosen(named[1] if named else "", file)
    except (OSError, ConfigError):
        return Config()
    return Config() if chosen is None else fill_in(Config(), chosen)


def check_config(
    path: Path, environment: Mapping[str, str] = os.environ
) -> tuple[Config | None, tuple[Problem, ...]]:
    """Read `path` and the profile that it names, and find everything that is wrong in them, by line.

    Raises `ConfigError` if it can't be read.
    """
    file = read_toml(path)
    if isinstance(file, Problem):
        return None, (file,)
    problems: list[Problem] = []

    def report(location: Location, what: Message) -> None:
        problems.append(file.problem(location, what))

    # The runner of an action stands in another folder.
    resolved = _resolve(file.values, (), path.parent.absolute(), environment, report)
    reported = {problem.key for problem in problems}
    own, wrong = validate(Config, file, resolved)
    problems += [problem for problem in wrong if problem.key not in reported]
    if own is None:
        return None, _by_line(problems)
    try:
        chosen, wrong = read_chosen(own.service.profile, file, own.costs)
    except ConfigError as error:
        chosen, wrong = None, (file.problem(("service", "profile"), error.message),)
    problems += wrong
    if chosen is None:
        return None, _by_line(problems)
    for unknown in unknown_names(own.panels, chosen.board):
        what = no_such(unknown.asked, unknown.known)
        report(
            ("panels", *unknown.at), what if own.service.profile else say("config.no_profile_yet", what=what)
        )
    return fill_in(own, chosen), _by_line(problems)


def _by_line(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: problem.line))


_PROFILE = re.compile(r"""^\s*profile\s*=\s*["']([^"']+)["']""", re.MULTILINE)
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SECRET_NAME = re.compile(r"password|token|secret|authorization|cookie|api.?key", re.IGNORECASE)
_PATH_NAME = re.compile(r"_files?$|_ini$|^folders$|^migrations$|^checkout$|^scenarios$|^records$")


def _resolve(
    value: object,
    at: Location,
    folder: Path,
    environment: Mapping[str, str],
    report: Callable[[Location, Message], None],
) -> object:
    """Put in the environment, make paths relative to the file, and refuse secrets that stand in it."""
    if isinstance(value, dict):
        return {key: _resolve(item, (*at, key), folder, environment, report) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolve(item, (*at, i), folder, environment, report) for i, item in enumerate(value)]
    if not isinstance(value, str):
        return value
    name = next((part for part in reversed(at) if isinstance(part, str)), "")
    is_path = _PATH_NAME.search(name) is not None
    if not is_path and _holds_secret(name, value):
        report(at, say("config.literal_secret", name=_variable_name(at)))
    for variable in _VARIABLE.findall(value):
        if variable not in environment:
            report(at, say("config.unset_variable", variable=variable))
    expanded = _VARIABLE.sub(lambda match: environment.get(match[1], ""), value)
    return str(folder / expanded_path(Path(expanded))) if is_path and expanded else expanded


def _holds_secret(name: str, value: str) -> bool:
    without = _VARIABLE.sub("", value)
    if "{value}" in value:  # the place of a secret, in the words that stand around it
        return False
    if _SECRET_NAME.search(name):
        return without.strip() not in ("", "Bearer", "Basic")
    return any(_VARIABLE.sub("", secret) for secret in literal_secrets(value))


def _variable_name(at: Location) -> str:
    return "_".join(re.sub(r"\W", "_", str(part)).upper() for part in at[1:] or at)
