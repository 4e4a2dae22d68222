"""The repository's Alembic scripts: revisions, heads, and the environment they run in. Read as syntax trees, never run."""

from __future__ import annotations

import ast
import configparser
import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repolint.facts.python.source import called, text_of, tree

if TYPE_CHECKING:
    from repolint.project import Project


@dataclass(frozen=True, slots=True)
class Revision:
    """One migration script. `computed` means that its ids are not plain texts."""

    id: str
    down: tuple[str, ...]
    file: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Migrations:
    """`folder` is where env.py stands, `ini` the configuration; both relative to the repository.

    `open_ended`: there are revisions that can't be read, or that stand elsewhere.
    """

    folder: str
    ini: str
    revisions: tuple[Revision, ...]
    open_ended: bool = False

    @property
    def broken(self) -> tuple[Revision, ...]:
        """Revisions that build on one which is not there: Alembic then refuses every command."""
        known = {revision.id for revision in self.revisions}
        return tuple(r for r in self.revisions if any(down not in known for down in r.down))

    @property
    def heads(self) -> tuple[Revision, ...]:
        """The revisions on which no other builds."""
        built_on = {down for revision in self.revisions for down in revision.down}
        return tuple(revision for revision in self.revisions if revision.id not in built_on)


def migrations(project: Project) -> tuple[Migrations, ...]:
    """Every Alembic environment of the repository."""
    return project.fact(_find)


def _find(project: Project) -> tuple[Migrations, ...]:
    inis = {script_folder(project, ini): ini for ini in project.matching("alembic.ini")}
    folders = {
        posixpath.dirname(file)
        for file in project.files
        if posixpath.basename(file) == "env.py" and "alembic" in project.text(file)
    }
    migrations = []
    for folder in sorted(folders | set(inis)):
        ini = inis.get(folder, "")
        deeper = re.search(r"(?m)^\s*recursive_version_locations\s*=\s*true", project.text(ini))
        place = f"{folder}/versions"
        inside = [file for file in project.files if file.startswith(f"{place}/") and file.endswith(".py")]
        inside = [file for file in inside if deeper or posixpath.dirname(file) == place]
        open_ended = re.search(r"(?m)^\s*version_locations\s*=\s*\S", project.text(ini)) is not None
        revisions = []
        for file in sorted(inside):
            read = revision(project, file)
            if read is not None:
                revisions.append(read)
            elif re.search(r"(?m)^down_revision\b", project.text(file)):
                open_ended = True
        migrations.append(Migrations(folder, ini, tuple(revisions), open_ended))
    return tuple(migrations)


def script_folder(project: Project, ini: str) -> str:
    """The folder that `script_location` names, relative to the repository."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(project.text(ini))
        place = parser.get("alembic", "script_location", fallback="alembic")
    except configparser.Error:
        place = "alembic"
    place = place.replace("%(here)s/", "").replace("%(here)s", ".").replace(":", "/")
    return posixpath.normpath(posixpath.join(posixpath.dirname(ini), place))


def revision(project: Project, file: str) -> Revision | None:
    """The file's ids, None where it is no migration script."""
    parsed = tree(project, file)
    values: dict[str, ast.expr] = {}
    for node in parsed.body if parsed else ():
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            values[called(node.targets[0])] = node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            values[called(node.target)] = node.value
    own = text_of(values.get("revision"))
    if own is None or "down_revision" not in values:
        return None
    down = values["down_revision"]
    parents = down.elts if isinstance(down, ast.Tuple | ast.List) else [down]
    labels = values.get("branch_labels")
    label = next((text for node in ast.walk(labels) if (text := text_of(node))), "") if labels else ""
    return Revision(own, tuple(text for parent in parents if (text := text_of(parent))), file, label)


def required_settings(project: Project, env_file: str) -> dict[str, str]:
    """Variables without which importing env.py's settings fails, with their places. Only fields that are plainly required."""
    required: dict[str, str] = {}
    text = project.text(env_file)
    for module in re.findall(
        r"^\s*from\s+([\w.]+)\s+import\s+.*settings", text, re.MULTILINE | re.IGNORECASE
    ):
        from repolint.facts.python.source import module_files

        for file in module_files(project, module):
            parsed = tree(project, file)
            for node in parsed.body if parsed else ():
                if isinstance(node, ast.ClassDef) and any(
                    called(base).endswith("BaseSettings") for base in node.bases
                ):
                    required |= _required(node, file)
    return required


def _required(node: ast.ClassDef, file: str) -> dict[str, str]:
    from repolint.facts.python.settings import fields

    return {
        field.variables[0]: f"{file}:{field.line}"
        for field in fields(node)
        if field.required and len(field.variables) == 1
    }
