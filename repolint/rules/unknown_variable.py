"""Environment variables and settings that a manual sets or names and that nothing in the repository reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.message import say
from repolint.facts.manual.commands import ELSEWHERE, commands
from repolint.facts.manual.words import nearest
from repolint.facts.python.settings import setting_variables
from repolint.findings import at_line, meant, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.manual.commands import Command
    from repolint.project import Document, Project
    from runbooks.lint.finding import Confidence, Finding

_NAME: Final = r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+"
_SETTING: Final = re.compile(rf"({_NAME})\s*=.*", re.DOTALL)
_DOCUMENTS: Final = (
    ".md",
    ".rst",
    ".adoc",
    ".html",
    ".lock",
    ".svg",
    ".csv",
    ".ipynb",
    "package-lock.json",
    "CHANGELOG",
)
_FOREIGN: Final = re.compile(
    r"(?:AWS|AZURE|GCP|GOOGLE|GCLOUD|CLOUDSDK|DOCKER|COMPOSE|BUILDKIT|BUILDX|KUBE|HELM|TF|GITHUB|GH|CI|PG|POSTGRES|MYSQL|MARIADB|REDISCLI|"
    r"REDIS_CLI|NODE|NPM|YARN|PNPM|PIP|POETRY|UV|PDM|PYTHON|PYTEST|VIRTUAL|CONDA|CELERY|FLOWER|C_FORCE|GUNICORN|UVICORN|WEB_CONCURRENCY|"
    r"OTEL|SENTRY|DD|PROMETHEUS|GF|GRAFANA|LC|XDG|SSH|GIT|GPG|HTTP|HTTPS|NO|SSL|REQUESTS|CURL|DJANGO|FLASK|FORCE|DEBIAN|TERM|LD|DYLD|JAVA|"
    r"GO|RUST|CARGO|RABBITMQ|ELASTIC|ELASTICSEARCH|KAFKA|VAULT|CONSUL|NOMAD|SLACK|CUDA|NVIDIA|OMP|MKL|HF|TORCH|VITE|NEXT|REACT_APP|"
    r"PLAYWRIGHT|PUPPETEER|CYPRESS|LOCUST|RESTIC|BORG|SMTP|PYTORCH|K6|ANSIBLE|OPENAI|ANTHROPIC|STRIPE|MINIO|DEBUG)_"
)


def check(project: Project) -> Iterator[Finding]:
    """A variable that is set for the program, or named as a setting, and that nothing reads."""
    known = project.fact(_known_names)
    families = project.fact(_families)
    for document, line, variable, is_set in _named(project):
        if variable in known or _FOREIGN.match(variable) or "__" in variable:
            continue
        other = nearest(variable, known, 0.8)
        family = "_".join(variable.split("_")[:1]) in families
        if any(variable.startswith(start) for start in project.fact(_computed)):
            continue
        confidence: Confidence = "certain" if family else "likely"
        if not is_set:
            if not family:
                continue  # a constant, a status, somebody else's name
            confidence = "likely" if other else "hint"
        yield at_line(
            document,
            line,
            "unknown-variable",
            say("repolint.unknown_variable", variable=name(variable)),
            confidence,
            evidence=f"{project.fact(setting_variables).get(other, '')} {other}".strip(),
            fix=meant(other, say("repolint.fix_unknown_variable")),
        )


def _named(project: Project) -> Iterator[tuple[Document, int, str, bool]]:
    """Every variable with its line, and whether it is set there; those that the manual uses itself are left out."""
    own: dict[str, set[str]] = {}
    for document in project.documents:
        text = "\n".join(code.text for code in document.codes)
        own[document.file] = set(re.findall(rf"\$\{{?({_NAME})", text))
    for command in commands(project):
        if command.container != ELSEWHERE or command.wrapper == "docker run":
            for variable in _set_by(command):
                if re.fullmatch(_NAME, variable) and variable not in own[command.document.file]:
                    yield command.document, command.line, variable, True
    for document in project.documents:
        for line, variable, is_set in _written(document):
            if variable not in own[document.file]:
                yield document, line, variable, is_set


def _written(document: Document) -> Iterator[tuple[int, str, bool]]:
    """What stands in code font, or in a fence of settings."""
    for code in document.codes:
        if code.fence in (None, "env", "dotenv", "ini", "properties"):
            setting = _SETTING.fullmatch(code.text)
            if setting:
                yield code.line, setting[1], True
            elif code.fence is None and re.fullmatch(_NAME, code.text):
                yield code.line, code.text, False


def _set_by(command: Command) -> list[str]:
    words = [word for word in command.argv[1:] if "=" in word] if command.name == "export" else []
    return [word.split("=", 1)[0] for word in words] + [key for key, _ in command.settings]


def _known_names(project: Project) -> set[str]:
    """Every name in capitals in any file but documents, and the variables of settings classes."""
    names = set(setting_variables(project))
    for file in project.files:
        if not file.endswith(_DOCUMENTS):
            names.update(re.findall(rf"(?<![A-Za-z0-9_]){_NAME}(?![A-Za-z0-9_])", project.text(file)))
    return names


def _families(project: Project) -> set[str]:
    """First words that at least two variables of settings classes, or of the environment's template, share."""
    names = set(setting_variables(project))
    for file in project.files:
        if re.search(r"(?:^|/)\.?env[\w.-]*(?:example|sample|template)$", file):
            names.update(re.findall(rf"(?m)^#?\s*({_NAME})\s*=", project.text(file)))
    first = [variable.split("_")[0] for variable in names]
    return {word for word in first if first.count(word) > 1}


def _computed(project: Project) -> set[str]:
    """Beginnings of names that code completes at run time: `f"CHAOS_{what}"`, `"CHAOS_" + what`, `startswith("CHAOS_")`."""
    names: set[str] = set()
    for file in project.matching(".py", ".ts", ".js", ".sh", ".go", ".rb"):
        text = re.sub(r"env_prefix\W{1,6}\w+", "", project.text(file))
        names.update(re.findall(r"[\"'`]([A-Z][A-Z0-9]*_(?:[A-Z0-9]+_)*)(?:[\"'`]|\$?\{)", text))
    return names


_SETTINGS = """import os

LIMIT = os.environ["KIOSK_LIMIT"]
PORT = os.environ["KIOSK_PORT"]
"""
_TEMPLATE = "KIOSK_LIMIT=5\nKIOSK_PORT=80\n"

RULE = Rule(
    id="unknown-variable",
    check=check,
    confidence=("certain", "likely", "hint"),
    bad={MANUAL: "Set `KIOSK_LIMITS=10`.\n", "kiosk/settings.py": _SETTINGS, ".env.example": _TEMPLATE},
    good={MANUAL: "Set `KIOSK_LIMIT=10`.\n", "kiosk/settings.py": _SETTINGS, ".env.example": _TEMPLATE},
)
