"""`warroom init`: a commented warroom.toml for what is found here; never overwrites."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ConfigError
from core.files import open_private, read_text
from core.message import say
from core.text import clean
from tui.cli.command import Command, Group
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from tui.cli.command import Invocation
    from tui.config.discover import Discovery
    from tui.config.grafana import Json
    from tui.i18n import Language


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """Its own options."""
    parser.add_argument("--path", type=Path, metavar="FILE", help=words.text("init.option_path"))
    parser.add_argument(
        "--from-grafana",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help=words.text("init.option_grafana"),
    )


def run(args: argparse.Namespace, invocation: Invocation) -> int:
    """Write the file, and say what was found."""
    from tui.config.discover import discover

    path: Path = args.path or invocation.config_path or Path("warroom.toml")
    panels = [panel for file in args.from_grafana for panel in _translated(file, invocation)]
    for number, panel in enumerate(panels, start=1):
        panel["id"] = f"g{number}-{str(panel['id']).split('-', 1)[1]}"
    discovery = discover(path.absolute().parent, os.environ)
    text = config_text(discovery, clean(path.absolute().parent.name), invocation.words) + "".join(
        map(_panel_text, panels)
    )
    try:
        with open_private(path, new=True) as file:
            file.write(text)
    except FileExistsError:
        raise ConfigError(say("init.exists", file=clean(str(path)))) from None
    except OSError as error:
        raise ConfigError(
            say("config.unwritable", file=clean(str(path)), detail=error.strerror or "")
        ) from error
    for what, where in _summary(discovery):
        invocation.print_notice(say("init.seen", what=what, where=clean(where)))
    for remark in discovery.remarks:
        invocation.print_notice(remark)
    invocation.print_line(invocation.words.text("init.written", file=clean(str(path)), panels=len(panels)))
    return ExitCode.OK


def _summary(discovery: Discovery) -> Iterator[tuple[str, str]]:
    """What was found, for the person: names of variables and places, never values."""
    for name in discovery.exported:
        yield "environment", name
    for name in discovery.in_dotenv:
        yield ".env", name
    for what, places in (
        ("Prometheus", (discovery.prometheus,)),
        ("Alembic", (discovery.alembic_ini,)),
        ("Celery", (discovery.celery_app,)),
        ("alert", discovery.rule_files),
        ("/metrics", tuple(str(target["url"]) for target in discovery.targets)),
        ("Alertmanager", (discovery.alertmanager,)),
        ("profile", (discovery.profile,)),
    ):
        for place in filter(None, places):
            yield what, place


def config_text(discovery: Discovery, service: str, words: Language) -> str:
    """The file: sections that were found, and as comments those that were not."""
    from tui.config.discover import BROKER, DATABASE, PROMETHEUS

    database, has_database = discovery.variable(DATABASE)
    broker, has_broker = discovery.variable(BROKER)
    prometheus, has_prometheus = discovery.variable(PROMETHEUS)
    if discovery.prometheus and not has_prometheus:
        url = discovery.prometheus
    else:
        url = f"${{{prometheus}}}" if prometheus else "http://127.0.0.1:9090"
    postgres = [f'url = "${{{database or DATABASE[0]}}}"']
    if discovery.alembic_ini:
        postgres.append(f"alembic_ini = {_toml(discovery.alembic_ini)}")
    rules = [f"rule_files = {_toml(list(discovery.rule_files))}"]
    if discovery.targets:
        rules += ["targets = [", *(f"  {_toml(target)}," for target in discovery.targets), "]"]
    address = f"${{{broker or BROKER[0]}}}"
    sections = (
        ("signals.prometheus", bool(discovery.prometheus) or has_prometheus, [f"url = {_toml(url)}"]),
        (
            "signals.alertmanager",
            bool(discovery.alertmanager),
            [f"url = {_toml(discovery.alertmanager or 'http://127.0.0.1:9093')}"],
        ),
        ("signals.scrape", bool(discovery.rule_files or discovery.targets), rules),
        ("signals.redis", has_broker, [f'url = "{address}"']),
        ("signals.celery", has_broker, [f'broker_url = "{address}"']),
        ("signals.postgres", has_database, postgres),
    )
    lines = [
        f"# {words.text('init.header')}",
        "[service]",
        f"name = {_toml(service)}",
        'environment = "prod"',
    ]
    if discovery.profile:
        lines += [f"# {words.text('init.recognised')}", f"profile = {_toml(discovery.profile)}", ""]
    else:
        lines += [f"# {words.text('init.no_profile')}", '# profile = "ops/profile"', ""]
    if discovery.celery_app:
        lines.append(f"# {words.text('init.celery', file=clean(discovery.celery_app))}")
    for name, is_there, keys in sections:
        lines.append(f"# {words.text('init.found' if is_there else 'init.not_found')}")
        lines += [("" if is_there else "# ") + line for line in (f"[{name}]", *keys)]
        lines.append("")
    return "\n".join(lines)


def _translated(file: Path, invocation: Invocation) -> list[Json]:
    from tui.config.grafana import translate

    try:
        dashboard = json.loads(read_text(file))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(
            say("grafana.unreadable", file=clean(str(file)), detail=clean(str(error)))
        ) from error
    if not isinstance(dashboard, dict):
        raise ConfigError(say("grafana.unreadable", file=clean(str(file)), detail=type(dashboard).__name__))
    result = translate(dashboard)
    for remark in result.remarks:
        invocation.print_notice(remark)
    return list(result.panels)


def _panel_text(panel: Json) -> str:
    keys = "".join(f"{key} = {_toml(value)}\n" for key, value in panel.items() if key != "queries")
    queries = panel["queries"]
    text = f"\n[[panels.add]]\n{keys}"
    for query in queries if isinstance(queries, list) else ():
        text += "\n[[panels.add.queries]]\n" + "".join(
            f"{key} = {_toml(value)}\n" for key, value in query.items()
        )
    return text


def _toml(value: object) -> str:
    """Strings, numbers and truth are written alike in JSON and TOML, after outside text is cleaned; tables are not."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{_key(key)} = {_toml(item)}' for key, item in value.items())} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


COMMAND = Command(
    group=Group.SETUP,
    summary="init.summary",
    add_arguments=add_arguments,
    run=run,
    has_json=False,
)
