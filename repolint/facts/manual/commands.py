"""The commands that a manual asks for: what runs, in which folder, with which variables, inside which container.

Wrappers (`sudo`, `env`, `poetry run`, `docker compose exec`, `bash -c`, …) are taken off; the command inside stands beside them.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from repolint.facts.compose import services
from repolint.facts.manual.shell import WILD, simple_commands

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from repolint.facts.manual.shell import Simple
    from repolint.project import Code, Document, Project

KEYWORDS: Final = frozenset(["if", "then", "else", "elif", "while", "until", "do", "!", "{", "time"])
_NO_COMMAND: Final = frozenset(["for", "case", "function", "select", "done", "fi", "esac", "}"])
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_MAX_DEPTH = 6
ELSEWHERE: Final = "?"
"""The container or machine of a command that runs where this repository need not be."""


@dataclass(frozen=True, slots=True)
class Command:
    """One simple command of a manual.

    `folder` is relative to the repository ('' is its root). `sure` is false where the manual went to a folder that is not
    in the repository. `container` is the compose service or `ELSEWHERE`, empty where it runs here. `wrapper` is what was
    taken off directly in front of it. `settings` are the variables set for it alone.
    """

    argv: tuple[str, ...]
    document: Document
    line: int
    fenced: bool
    folder: str = ""
    sure: bool = True
    container: str = ""
    wrapper: str = ""
    settings: tuple[tuple[str, str], ...] = ()
    writes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The program's name without its folder."""
        return posixpath.basename(self.argv[0])

    def values(self, *options: str) -> list[str]:
        """The values of an option in any spelling: `-Q a`, `-Qa`, `--queues=a`, `--queues a`."""
        given = []
        for index, word in enumerate(self.argv):
            for option in options:
                if word == option and index + 1 < len(self.argv):
                    given.append(self.argv[index + 1])
                elif option.startswith("--") and word.startswith(option + "="):
                    given.append(word[len(option) + 1 :])
                elif re.fullmatch(r"-[A-Za-z]", option) and word.startswith(option) and len(word) > 2:
                    given.append(word[2:].removeprefix("="))
        return given


def commands(project: Project) -> tuple[Command, ...]:
    """All commands of all manuals, in the order of their lines."""
    return project.fact(_find)


def commands_here(project: Project) -> tuple[Command, ...]:
    """Those that run in this repository or in a service of it: what they name can be looked up here."""
    return project.fact(_find_here)


def _find_here(project: Project) -> tuple[Command, ...]:
    return tuple(command for command in commands(project) if command.container != ELSEWHERE)


def _find(project: Project) -> tuple[Command, ...]:
    folders = {posixpath.dirname(file) for file in project.files}
    for folder in list(folders):
        while folder:
            folder = posixpath.dirname(folder)  # noqa: PLW2901  # walks up to the root
            folders.add(folder)
    commands: list[Command] = []
    for document in project.documents:
        before: Code | None = None
        start = place = Command((), document, 0, fenced=True)
        for code in document.codes:
            if code.fence is None:
                inline = replace(start, line=code.line, fenced=False)
                commands += _of_text(code.text, inline, folders)[0]
                continue
            if before is None or code.line != before.line + 1:
                place = start
            before = code
            if code.fence == "sh" and code.text:
                line, place = _of_text(code.text, replace(place, line=code.line), folders)
                commands += line
    return tuple(_of_service(project, command) for command in commands)


def _of_service(project: Project, command: Command) -> Command:
    """A container that was called by its own name belongs to a service, or nothing is known of it."""
    if not command.container.startswith(ELSEWHERE):
        return command
    wanted = command.container.removeprefix(ELSEWHERE)
    named = (service.name for service in services(project) if wanted and service.container_name == wanted)
    return replace(command, container=next(named, ELSEWHERE))


def _of_text(text: str, place: Command, folders: set[str], depth: int = 0) -> tuple[list[Command], Command]:
    """The commands of one line, and the place where the next line starts."""
    commands: list[Command] = []
    outer: list[Command] = []
    for simple in simple_commands(text):
        outer += [place] * simple.opens
        unwrapped = list(_unwrap(_start(simple, place), folders, depth))
        commands += unwrapped
        command = unwrapped[0] if unwrapped else place
        if command.argv and command.name in ("cd", "pushd") and not command.container:
            place = _moved(place, command.argv[-1], folders)
        elif command.argv and command.name == "ssh" and len(unwrapped) == 1:
            place = replace(place, container=ELSEWHERE, sure=False)
        for _ in range(min(simple.closes, len(outer))):
            place = outer.pop()
    return commands, replace(place, writes=())


def _start(simple: Simple, place: Command) -> Command:
    return replace(place, argv=simple.words, writes=simple.writes, settings=(), wrapper="")


def _moved(place: Command, target: str, folders: set[str]) -> Command:
    if WILD in target or target.startswith(("/", "~", "-")):
        return replace(place, folder="", sure=False)
    folder = posixpath.normpath(posixpath.join(place.folder, target))
    folder = "" if folder == "." else folder
    if folder in folders:
        return replace(place, folder=folder)
    if place.sure is False and target.strip("/") in folders:
        return replace(place, folder=target.strip("/"))
    return replace(place, folder="", sure=False)


def _unwrap(command: Command, folders: set[str], depth: int = 0) -> Iterator[Command]:
    command = _without_prefix(command)
    if not command.argv or command.argv[0] in _NO_COMMAND or depth > _MAX_DEPTH:
        return
    yield command
    inner = _inside(command)
    if isinstance(inner, str):
        where = ELSEWHERE if command.name == "ssh" else command.container
        place = replace(command, argv=(), settings=(), writes=(), wrapper=command.name, container=where)
        yield from _of_text(inner, place, folders, depth + 1)[0]
    elif inner is not None and inner.argv:
        yield from _unwrap(replace(inner, writes=()), folders, depth + 1)


def _without_prefix(command: Command) -> Command:
    """Takes off `NAME=value`, keywords and programs that only run another one."""
    argv, settings = list(command.argv), list(command.settings)
    while argv:
        assigned = _ASSIGNMENT.fullmatch(argv[0])
        if assigned:
            settings.append((assigned[1], assigned[2]))
            argv.pop(0)
        elif argv[0] in KEYWORDS or argv[0] in ("nohup", "exec", "command", "builtin"):
            argv.pop(0)
        elif argv[0] in ("sudo", "env", "nice", "ionice", "stdbuf", "doas", "setsid"):
            argv = after_options(argv[1:], {"-u", "-g", "-n", "-c", "-C", "-h", "--user", "-S"})
        elif argv[0] == "timeout":
            argv = after_options(argv[1:], {"-s", "-k"})[1:]
        else:
            break
    return replace(command, argv=tuple(argv), settings=tuple(settings))


def after_options(words: list[str], with_value: Collection[str]) -> list[str]:
    """What is left behind the options in front; `with_value` are those that take the next word with them."""
    index = 0
    while index < len(words) and words[index].startswith("-"):
        if words[index] == "--":
            return words[index + 1 :]
        index += 2 if words[index] in with_value else 1
    return words[index:]


_RUNNERS: Final[dict[tuple[str, ...], set[str]]] = {
    ("poetry", "run"): set(),
    ("pipenv", "run"): set(),
    ("pdm", "run"): {"-p"},
    ("rye", "run"): set(),
    ("uv", "run"): {
        "--with",
        "--extra",
        "--group",
        "-p",
        "--python",
        "--project",
        "--env-file",
        "--directory",
        "--package",
    },
    ("hatch", "run"): set(),
    ("npx",): {"-p", "--package", "-c"},
    ("pnpm", "exec"): set(),
    ("conda", "run"): {"-n", "-p", "--name"},
    ("watch",): {"-n", "-d", "--interval"},
    ("xargs",): {"-n", "-I", "-P", "-L"},
    ("dotenv", "run"): {"-f"},
}
_COMPOSE_VALUES: Final = frozenset(
    ["-f", "--file", "-p", "--project-name", "--profile", "--env-file", "--project-directory", "--ansi"]
)
_EXEC_VALUES: Final = frozenset(
    [
        "-e",
        "--env",
        "-u",
        "--user",
        "-w",
        "--workdir",
        "--index",
        "--entrypoint",
        "--name",
        "-v",
        "--volume",
        "-p",
        "--publish",
        "--network",
        "-n",
        "--namespace",
        "-c",
        "--container",
        "--context",
        "--env-file",
        "-l",
        "--label",
    ]
)


def _inside(command: Command) -> Command | str | None:
    """The command that this one runs, as text where it is handed over as a text."""
    argv = list(command.argv)
    special: dict[str, Callable[[Command], Command | str | None]] = {
        "docker-compose": _in_compose,
        "docker": _in_docker,
        "podman": _in_docker,
        "kubectl": _in_kubernetes,
        "oc": _in_kubernetes,
        "ssh": _over_ssh,
    }
    if command.name in special:
        return special[command.name](command)
    if command.name in ("bash", "sh", "zsh", "dash", "su"):
        for index, word in enumerate(argv[1:], 1):
            if re.fullmatch(r"-[a-z]*c", word) and index + 1 < len(argv):
                return argv[index + 1]
        return None
    for runner, with_value in _RUNNERS.items():
        if (command.name, *argv[1 : len(runner)]) == runner:
            rest = after_options(argv[len(runner) :], with_value)
            if command.name == "watch" and len(rest) == 1:
                return rest[0]
            return replace(command, argv=tuple(rest), wrapper=" ".join(runner))
    return None


def compose_words(command: Command) -> list[str] | None:
    """What stands behind `docker compose` and its options, or None where this is another program."""
    if command.name == "docker-compose":
        return after_options(list(command.argv[1:]), _COMPOSE_VALUES)
    if command.name in ("docker", "podman") and command.argv[1:2] == ("compose",):
        return after_options(list(command.argv[2:]), _COMPOSE_VALUES)
    return None


def _in_compose(command: Command) -> Command | None:
    words = compose_words(command) or []
    if words[:1] not in (["exec"], ["run"]):
        return None
    rest = after_options(words[1:], _EXEC_VALUES)
    if len(rest) < 2:
        return None
    return replace(
        command, argv=tuple(rest[1:]), container=rest[0], folder="", wrapper="docker compose " + words[0]
    )


def _in_docker(command: Command) -> Command | None:
    if command.argv[1:2] == ("compose",):
        return _in_compose(command)
    if command.argv[1:2] not in (("exec",), ("run",)):
        return None
    rest = after_options(list(command.argv[2:]), _EXEC_VALUES)
    if len(rest) < 2:
        return None
    container = ELSEWHERE + (rest[0] if command.argv[1] == "exec" else "")
    return replace(
        command, argv=tuple(rest[1:]), container=container, folder="", wrapper="docker " + command.argv[1]
    )


def _in_kubernetes(command: Command) -> Command | None:
    if "exec" not in command.argv[1:6] or "--" not in command.argv:
        return None
    rest = command.argv[command.argv.index("--") + 1 :]
    return replace(command, argv=rest, container=ELSEWHERE, folder="", wrapper="kubectl exec")


def _over_ssh(command: Command) -> str | None:
    rest = after_options(list(command.argv[1:]), {"-i", "-p", "-l", "-o", "-L", "-R", "-D", "-J", "-F"})
    return " ".join(rest[1:]) or None


COMPOSE_VERB_VALUES: Final = frozenset(
    [
        "--tail",
        "-n",
        "--since",
        "--until",
        "-t",
        "--timeout",
        "--scale",
        "-e",
        "--env",
        "-u",
        "--user",
        "-w",
        "--workdir",
        "--name",
        "--entrypoint",
        "-p",
        "--publish",
        "-v",
        "--volume",
        "--index",
        "-s",
        "--signal",
        "--build-arg",
        "--pull",
        "--wait-timeout",
        "--exit-code-from",
    ]
)
"""Options behind a verb of `docker` and `docker compose` that take the next word with them."""


def module_run(command: Command) -> str:
    """The dotted name of what `python -m` runs, '' for any other command."""
    if not re.fullmatch(r"python[\d.]*|py", command.name) or "-m" not in command.argv[:-1]:
        return ""
    return command.argv[command.argv.index("-m") + 1]


FETCHERS: Final = frozenset(["curl", "wget", "http", "https", "open", "xdg-open"])
_URL: Final = re.compile(r"^(?:https?://)?([a-zA-Z][\w-]*)(?::(\d+))?(?:/|$)")


def fetched_hosts(command: Command) -> list[tuple[str, int, str]]:
    """Host, port (0 where none is named) and the whole word of every address that a fetcher is given."""
    if command.name not in FETCHERS:
        return []
    urls = [(match, word) for word in command.argv[1:] if (match := _URL.match(word))]
    return [(match[1], int(match[2] or 0), word) for match, word in urls]
