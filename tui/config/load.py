"""The whole configuration: each part of the program owns its section, here they meet."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from core.errors import ConfigError
from core.message import Message, say
from core.settings import Section
from core.text import clean
from core.toml_file import key_lines, nearest_line
from incidents.settings import IncidentsSettings, JournalSettings
from panels.settings import PanelsSettings, unknown_names
from runbooks.settings import RunbooksSettings
from sandbox.settings import SandboxSettings
from signals.settings import SignalsSettings
from tui.config.secrets import literal_secrets
from tui.theme import ThemeName  # noqa: TC001  # pydantic reads it

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from core.toml_file import Location


class ServiceSettings(Section):
    """What is operated."""

    name: str = "chimera"
    environment: str = "prod"


class TuiSettings(Section):
    """How the program looks and speaks."""

    language: Literal["en", "zh"] | None = None
    theme: ThemeName | None = None


class Config(Section):
    """`warroom.toml`, validated."""

    service: ServiceSettings = ServiceSettings()
    signals: SignalsSettings = SignalsSettings()
    panels: PanelsSettings = PanelsSettings()
    journal: JournalSettings = JournalSettings()
    incidents: IncidentsSettings = IncidentsSettings()
    runbooks: RunbooksSettings = RunbooksSettings()
    sandbox: SandboxSettings = SandboxSettings()
    tui: TuiSettings = TuiSettings()


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in the file; `what` never holds a value from it."""

    line: int
    key: str
    what: Message


def load_config(path: Path) -> Config:
    """Read and validate `path`; raises `ConfigError` that names file, line and key of the first problem."""
    config, problems = check_config(path)
    if config is not None and not problems:
        return config
    first = problems[0]
    message = problem_message(path, first)
    if len(problems) > 1:
        message = say("config.and_more", first=message, count=len(problems) - 1)
    raise ConfigError(message)


def load_sandbox(path: Path) -> SandboxSettings:
    """The `[sandbox]` section alone: what else is wrong in the file does not keep the sandbox from starting.

    Raises `ConfigError` where the file is no TOML or this section is wrong.
    """
    config, problems = check_config(path)
    relevant = [problem for problem in problems if problem.key.split(".")[0] in ("", "sandbox")]
    if relevant:
        raise ConfigError(problem_message(path, relevant[0]))
    if config is not None:
        return config.sandbox
    return SandboxSettings.model_validate(tomllib.loads(path.read_text(encoding="utf-8")).get("sandbox", {}))


def problem_message(path: Path, problem: Problem) -> Message:
    """Say `file:line: key: what`."""
    return say(
        "config.problem",
        file=clean(str(path)),
        line=problem.line,
        key=clean(problem.key) or "-",
        what=problem.what,
    )


def check_config(
    path: Path, environment: Mapping[str, str] = os.environ
) -> tuple[Config | None, tuple[Problem, ...]]:
    """Read `path` and find everything that is wrong in it, in the order of its lines; raises `ConfigError` if it can't be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        detail = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ConfigError(say("config.unreadable", file=clean(str(path)), detail=detail or "?")) from None
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return None, (_syntax_problem(str(error)),)
    except RecursionError:
        return None, (_syntax_problem("nested too deeply"),)
    lines = key_lines(text)
    problems: list[Problem] = []

    def report(location: Location, what: Message) -> None:
        problems.append(Problem(nearest_line(location, lines), ".".join(map(str, location)), what))

    resolved = _resolve(raw, (), path.parent, environment, report)
    reported = {problem.key for problem in problems}
    config = None
    try:
        config = Config.model_validate(resolved)
    except ValidationError as error:
        for details in error.errors(include_url=False, include_input=False):
            if ".".join(map(str, details["loc"])) not in reported:
                report(details["loc"], _validation_message(details["type"], details["msg"], details["loc"]))
    for name in unknown_names(config.panels) if config is not None else ():
        report(("panels", *name.at), _unknown_name(name.asked, name.known))
    return config, tuple(sorted(problems, key=lambda problem: problem.line))


_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SECRET_NAME = re.compile(r"password|token|secret|authorization|cookie|api.?key", re.IGNORECASE)
_PATH_NAME = re.compile(r"_files?$|_ini$|^folders$")


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
    return str(folder / Path(expanded).expanduser()) if is_path and expanded else expanded


def _holds_secret(name: str, value: str) -> bool:
    without = _VARIABLE.sub("", value)
    if _SECRET_NAME.search(name):
        return without.strip() not in ("", "Bearer", "Basic")
    return any(_VARIABLE.sub("", secret) for secret in literal_secrets(value))


def _variable_name(at: Location) -> str:
    return "_".join(re.sub(r"\W", "_", str(part)).upper() for part in at[1:] or at)


def _syntax_problem(detail: str) -> Problem:
    match = re.search(r"\(at line (\d+), column (\d+)\)", detail)
    line = int(match[1]) if match else 1
    # The detail may quote a character of the file, never a whole value.
    return Problem(line, "", say("config.syntax", detail=clean(detail.split(" (at ", maxsplit=1)[0], 80)))


def _validation_message(kind: str, message: str, at: Location) -> Message:
    if kind != "extra_forbidden":
        return say("config.wrong", detail=clean(message))
    from difflib import get_close_matches

    known = _known_keys(at[:-1])
    near = get_close_matches(str(at[-1]), known, n=1)
    if near:
        return say("config.unknown_near", name=near[0])
    return say("config.unknown", known=", ".join(sorted(known)))


def _unknown_name(name: str, known: Iterable[str]) -> Message:
    """A name that names nothing; the file's own words are not repeated."""
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1)
    if near:
        return say("config.no_such_near", name=near[0])
    return say("config.no_such", known=", ".join(known) or "-")


def _known_keys(at: Location) -> list[str]:
    """The keys of the section at `at`, from the JSON Schema."""
    schema = Config.model_json_schema()
    node: dict[str, object] = schema
    for part in at:
        node = _inside(node, schema, part)
    properties = node.get("properties")
    return list(properties) if isinstance(properties, dict) else []


def _inside(node: dict[str, object], schema: dict[str, object], part: str | int) -> dict[str, object]:
    properties = node.get("properties")
    following = node.get("items") if isinstance(part, int) else None
    if isinstance(properties, dict):
        following = properties.get(part)
    if not isinstance(following, dict):
        return {}
    choices = [following, *(following.get("anyOf") or [])]
    reference = next((choice["$ref"] for choice in choices if "$ref" in choice), None)
    if reference is None:
        return following
    definitions = schema["$defs"]
    target = definitions.get(reference.rsplit("/", 1)[-1]) if isinstance(definitions, dict) else None
    return target if isinstance(target, dict) else {}
