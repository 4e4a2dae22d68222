"""A configuration in which every single key is wrong: each is told with its own line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, get_args, get_origin

from pydantic import BaseModel

from tests.tui.config.test_config import warroom
from tui.config.load import check_config
from tui.config.model import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

WRONG = "1979-05-27"
"""A date: TOML knows it, and no key of ours is one."""


def sections(model: type[BaseModel], at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Every table with its keys; tables in arrays are left to the array."""
    keys = []
    for name, field in model.model_fields.items():
        is_many = get_origin(field.annotation) in (tuple, dict)
        kinds = () if is_many else (field.annotation, *get_args(field.annotation))
        inner = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
        if inner is None:
            keys.append(name)
        else:
            yield from sections(inner, (*at, name))
    yield at, keys


def test_every_wrong_key_is_told_with_its_line(tmp_path: Path) -> None:
    lines, expected = [], []
    for at, keys in sections(Config):
        if not keys:
            continue
        lines.append(f"[{'.'.join(at)}]")
        for key in keys:
            lines.append(f"{key} = {WRONG}")
            expected.append((len(lines), ".".join((*at, key))))
        lines.append("stranger = 1")
        expected.append((len(lines), ".".join((*at, "stranger"))))
    path = tmp_path / "warroom.toml"
    path.write_text("\n".join(lines) + "\n")
    config, problems = check_config(path)
    assert config is None
    assert len(expected) > 60
    found = {(problem.line, problem.key) for problem in problems}
    assert set(expected) - found == set()
    done = warroom("config", "check", "--config", str(path), folder=tmp_path)
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == len(problems) + 1
    assert "Traceback" not in done.stderr
