"""`[releases]` of the sandbox's own `warroom.toml`: by slots and a switch, or rolling."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from core.own_python import ROOT, module_command
from sandbox.rolling import CONF, INSTANCES, SERVICE

if TYPE_CHECKING:
    from sandbox.access import Access
    from sandbox.settings import Strategy

RELEASES = "releases"
"""The folder of the service's releases within that of the sandbox."""


def release_config(access: Access, service_port: int, strategy: Strategy) -> str:
    """As TOML."""
    service = f"http://127.0.0.1:{service_port}"
    ini = json.dumps(str(access.folder / RELEASES / "{version}" / "migrations" / "alembic.ini"))

    def tool(verb: str, *words: str) -> str:
        return json.dumps(
            module_command("sandbox.release", verb, service, str(access.control_header_file), *words)
        )

    if strategy == "rolling":
        asked = dict.fromkeys(INSTANCES, f'conf = "{CONF}"') | {SERVICE: f'url = "{service}/ready"'}
        instances = ", ".join(f'{{ name = "{name}", {how} }}' for name, how in asked.items())
        commands = f"deploy = [{tool('roll', '{instance}', '{version}')}]"
        own, slots = f"instances = [{instances}]\n", ""
    else:
        commands = (
            f"deploy = [{tool('deploy', '{slot}', '{version}')}]\nswitch = [{tool('switch', '{slot}')}]"
        )
        own = ""
        slots = "".join(f'slots.{slot} = "{service}/slots/{slot}/ready"\n' for slot in ("blue", "green"))
    return f"""[releases]
adapter = "own"
strategy = "{strategy}"
name = "chimera"
timeout_s = 120
{own}
[releases.commands]
list = {tool("list")}
{commands}
environment = {{ PYTHONPATH = {json.dumps(str(ROOT))} }}

[releases.probe]
url = "{service}/ready"
{slots}
[releases.scripts]
alembic_ini = {ini}

[[releases.gates]]
id = "migrations"
argv = [{json.dumps(sys.executable)}, "-P", "-m", "alembic", "-c", {ini}, "heads"]
"""
