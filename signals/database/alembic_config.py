"""Where a project's Alembic scripts and its version table are: from `alembic.ini`, pyproject.toml and the text of `env.py`.

Nothing is imported and nothing run. A relative place is taken from the file's own folder, else from one above it, where
its users may stand; a place in a package (`package:folder`) also from `prepend_sys_path`. The name of the version table
stands in `env.py` alone: where that is computed, it is not known (`version_table` None). A project that runs Alembic
by code of its own may choose the folders of revisions there; where its env.py does, they have to be configured.
"""

from __future__ import annotations

import ast
import configparser
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.files import is_file, is_folder, read_text
from core.toml_file import parse_toml
from signals.database.revision import assignments

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_TABLE = "alembic_version"
MAX_BYTES = 1_000_000
"""No file of an Alembic configuration is longer; a longer one is not read."""
_SEPARATORS = {"space": None, "newline": "\n", "os": os.pathsep, ":": ":", ";": ";"}


class NoScripts(ValueError):
    """No folder of scripts is named, or it is not there. Its words say which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlembicConfig:
    """`folder` holds env.py, `locations` the revisions. `version_table` None: env.py computes it.

    `recursive` None: the configuration does not say; then what stands deeper counts as far as it belongs together.
    """

    folder: Path
    locations: tuple[Path, ...]
    recursive: bool | None = None
    version_table: str | None = DEFAULT_TABLE
    version_schema: str | None = None
    files: tuple[Path, ...] = ()
    """What was read to know this."""

    def scripts(self, *, deep: bool) -> list[Path]:
        """Every file that may be a revision (alembic/script/base.py: `_list_py_dir`)."""
        pattern = "**/*.py" if deep else "*.py"
        return [
            file
            for location in self.locations
            for file in sorted(location.glob(pattern))
            if not file.name.startswith(("__init__", ".#")) and "__pycache__" not in file.parts
        ]


def read_alembic_config(
    ini: Path | None, section: str, folder: Path | None, locations: tuple[Path, ...] = ()
) -> AlembicConfig:
    """What `ini` (an alembic.ini or a pyproject.toml) says; `folder` and `locations` go first; raises `NoScripts`, `OSError`."""
    options: Mapping[str, str | list[str]] = {}
    files: tuple[Path, ...] = ()
    here = Path.cwd()
    if ini is not None:
        ini = ini.absolute()
        here = ini.parent
        options, files = _options(ini, section)
    if folder is None:
        place = options.get("script_location")
        folder = _resolve(str(place), here, options) if place else _only_environment(here, ini)
    if not is_folder(folder):
        raise NoScripts(f"{folder} is no folder")
    named = locations or tuple(
        _resolve(name, here, options) for name in _several(options, "version_locations")
    )
    recursive = options.get("recursive_version_locations")
    config = AlembicConfig(
        folder=folder,
        locations=named or (folder / "versions",),
        recursive=str(recursive).lower() in ("true", "1", "yes", "on") if recursive or named else None,
        files=files,
    )
    environment = folder / "env.py"
    if not is_file(environment):
        return config
    source = _text(environment)
    if not locations and re.search(r"\bversion_locations\s*=[^=]", source):
        raise NoScripts("env.py chooses the folders of revisions: name them in version_locations")
    table, schema = _version_table(source, options)
    return replace(config, version_table=table, version_schema=schema, files=(*files, environment))


def _options(file: Path, section: str) -> tuple[dict[str, str | list[str]], tuple[Path, ...]]:
    """Of an ini the section's, with those of a pyproject.toml beside it where it has none (Alembic from 1.16 on)."""
    if file.suffix == ".toml":
        return _toml_options(file), (file,)
    parser = configparser.ConfigParser({"here": str(file.parent).replace("%", "%%")}, strict=False)
    try:
        parser.read_string(_text(file))
    except configparser.Error as error:
        raise NoScripts(f"{file.name}: {type(error).__name__}") from None
    options: dict[str, str | list[str]] = {}
    for name in parser.options(section) if parser.has_section(section) else ():
        try:
            options[name] = parser.get(section, name)
        except configparser.InterpolationError:
            options[name] = parser.get(section, name, raw=True)
    beside = file.parent / "pyproject.toml"
    if "script_location" not in options and is_file(beside):
        return {**_toml_options(beside), **options}, (file, beside)
    return options, (file,)


def _toml_options(file: Path) -> dict[str, str | list[str]]:
    try:
        tool = parse_toml(_text(file)).get("tool", {})
    except ValueError as error:
        raise NoScripts(f"{file.name}: {type(error).__name__}") from None
    table = tool.get("alembic", {}) if isinstance(tool, dict) else {}
    here = str(file.parent)

    def filled(value: object) -> str | list[str]:
        if isinstance(value, list):
            return [str(each).replace("%(here)s", here) for each in value]
        return str(value).replace("%(here)s", here)

    return {name: filled(value) for name, value in table.items()} if isinstance(table, dict) else {}


def _several(options: Mapping[str, str | list[str]], name: str) -> list[str]:
    """A list of places, by the separator that the configuration names."""
    value = options.get(name) or []
    if isinstance(value, list):
        return value
    separator = str(options.get("path_separator") or options.get("version_path_separator") or "")
    separator = separator.partition("#")[
        0
    ].strip()  # the templates of older Alembics explain it on the same line
    if separator in _SEPARATORS:
        parts = value.split(_SEPARATORS[separator])
    else:
        parts = re.split(r",\s*|\s+|:" if name == "prepend_sys_path" else r",\s*|\s+", value)
    return [part.strip() for part in parts if part.strip()]


def _resolve(place: str, here: Path, options: Mapping[str, str | list[str]]) -> Path:
    """A folder; of `package:folder` as of a relative one the first that is there."""
    if Path(place).is_absolute():
        return Path(place)
    paths = [here, *here.parents]
    inner = Path(place)
    if ":" in place:
        package, *inside = place.split(":")
        inner = Path(*package.split("."), *inside)
        paths = [here, *(here / path for path in _several(options, "prepend_sys_path")), here / "src", *paths]
    for path in paths:
        if is_folder(path / inner):
            return path / inner
    raise NoScripts(f"{place} is no folder beside or above the configuration")


def _only_environment(here: Path, ini: Path | None) -> Path:
    """Where nothing is named: the configuration's own folder or one below it, if only one looks like Alembic's."""
    environments = {
        file.parent
        for pattern in ("env.py", "*/env.py", "*/*/env.py")
        for file in here.glob(pattern)
        if ini is not None and "alembic" in _text(file) and is_folder(file.parent / "versions")
    }
    if len(environments) == 1:
        return environments.pop()
    raise NoScripts("no script_location" if ini is None else f"{ini.name} names no script_location")


def _version_table(source: str, options: Mapping[str, str | list[str]]) -> tuple[str | None, str | None]:
    """Table and schema as `context.configure` is given them; the table None where they are computed."""
    if "version_table" not in source:
        return DEFAULT_TABLE, None
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None, None
    values = assignments(tree)
    tables: set[str | None] = set()
    schemas: set[str | None] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        for keyword in node.keywords:
            if keyword.arg in ("version_table", "version_table_schema"):
                names = tables if keyword.arg == "version_table" else schemas
                names.add(_text_of(keyword.value, values, options))
    if len(tables) > 1 or len(schemas) > 1 or ((tables or schemas) and None in tables | schemas):
        return None, None
    if (
        not tables and not schemas
    ):  # it is spoken of, but not in a call: in a dictionary that is passed on, say
        return None, None
    return (tables.pop() if tables else DEFAULT_TABLE), (schemas.pop() if schemas else None)


def _text_of(
    node: ast.expr, values: Mapping[str, ast.expr], options: Mapping[str, str | list[str]]
) -> str | None:
    """A text, a name for one, or an option of the configuration; None for anything else."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name) if name in values and not isinstance(values[name], ast.Name):
            return _text_of(values[name], {}, options)
        case ast.Call(
            func=ast.Attribute(attr="get_main_option"), args=[ast.Constant(value=str(name)), *rest]
        ):
            default = _text_of(rest[0], values, options) if rest else None
            return str(options[name]) if name in options else default
        case _:
            return None


def _text(file: Path) -> str:
    return read_text(file, MAX_BYTES, errors="replace")
