"""The environment variables that pydantic-settings classes read, from their syntax trees."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repolint.facts.python.source import called, keyword, nodes_at, python_files, text_of

if TYPE_CHECKING:
    from repolint.project import Project

_CLASS = re.compile(r"^\s*class\b")


@dataclass(frozen=True, slots=True)
class SettingField:
    """One field. `variables`: the names that set it, in upper case; more than one where there are aliases."""

    variables: tuple[str, ...]
    line: int
    required: bool


def fields(node: ast.ClassDef) -> list[SettingField]:
    """The fields of one settings class with their variables."""
    prefix = _prefix(node)
    settings = []
    for item in node.body:
        if (
            isinstance(item, ast.AnnAssign)
            and isinstance(item.target, ast.Name)
            and not item.target.id.startswith("_")
        ):
            if item.target.id == "model_config" or "ClassVar" in ast.dump(item.annotation):
                continue
            aliases = _aliases(item.value)
            names = aliases or (prefix + item.target.id,)
            settings.append(
                SettingField(tuple(n.upper() for n in names), item.lineno, _is_required(item.value))
            )
    return settings


def _is_required(value: ast.expr | None) -> bool:
    if value is None:
        return True
    if not isinstance(value, ast.Call) or not called(value).endswith("Field"):
        return isinstance(value, ast.Constant) and value.value is Ellipsis
    if keyword(value, "default", "default_factory") is not None:
        return False
    return not value.args or (isinstance(value.args[0], ast.Constant) and value.args[0].value is Ellipsis)


def _aliases(value: ast.expr | None) -> tuple[str, ...]:
    if not isinstance(value, ast.Call):
        return ()
    alias = keyword(value, "validation_alias") or keyword(value, "alias") or keyword(value, "env")
    return tuple(text for node in ast.walk(alias) if (text := text_of(node))) if alias is not None else ()


def _prefix(node: ast.ClassDef) -> str:
    for item in ast.walk(node):
        if isinstance(item, ast.Call) and (prefix := text_of(keyword(item, "env_prefix"))) is not None:
            return prefix
        if isinstance(item, ast.Assign) and any(called(target) == "env_prefix" for target in item.targets):
            return text_of(item.value) or ""
        if isinstance(item, ast.Dict):
            for key, value in zip(item.keys, item.values, strict=True):
                if text_of(key) == "env_prefix":
                    return text_of(value) or ""
    return ""


def setting_variables(project: Project) -> dict[str, str]:
    """Every variable that a settings class reads, with its place; classes that inherit from one count, too."""
    return project.fact(_variables)


def _variables(project: Project) -> dict[str, str]:
    classes: dict[str, tuple[ast.ClassDef, str]] = {}
    for file in python_files(project):
        if "ettings" in project.text(file):
            for node in nodes_at(project, file, _CLASS):
                if isinstance(node, ast.ClassDef):
                    classes.setdefault(node.name, (node, file))
    variables: dict[str, str] = {}
    for node, file in classes.values():
        if _is_settings(node, classes, set()):
            for field in fields(node):
                for variable in field.variables:
                    variables.setdefault(variable, f"{file}:{field.line}")
    return variables


def _is_settings(node: ast.ClassDef, classes: dict[str, tuple[ast.ClassDef, str]], seen: set[str]) -> bool:
    for base in node.bases:
        name = called(base).rsplit(".", 1)[-1]
        if name == "BaseSettings":
            return True
        if name in classes and name not in seen and _is_settings(classes[name][0], classes, seen | {name}):
            return True
    return False
