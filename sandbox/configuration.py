"""The `warroom.toml` over the stack: where its parts listen, and what may be done to them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sandbox.prometheus import RULES
from sandbox.release_config import RELEASES, release_config
from sandbox.switches import MODELS

if TYPE_CHECKING:
    from sandbox.access import Access
    from sandbox.ports import Ports
    from sandbox.settings import Strategy


def config_text(ports: Ports, access: Access, strategy: Strategy = "blue-green") -> str:
    """A `warroom.toml` for the stack."""
    sources = '["prometheus", "scrape"]' if ports.prometheus else '["scrape"]'
    prometheus = f"""
[signals.prometheus]
url = "http://127.0.0.1:{ports.prometheus}"
"""
    alertmanager = f"""
[signals.alertmanager]
url = "http://127.0.0.1:{ports.alertmanager}"
"""
    return f"""# Written by `warroom sandbox`: a disposable stack on this machine.
[service]
name = "chimera"
environment = "sandbox"
profile = "chimera"

[signals]
metrics = {sources}
{prometheus if ports.prometheus else ""}{alertmanager if ports.alertmanager else ""}
[signals.scrape]
rule_files = ["{RULES}"]
targets = [{{ url = "http://127.0.0.1:{ports.service}/metrics", interval_s = 2 }}]

[signals.redis]
url = "redis://127.0.0.1:{ports.valkey}/0"
password_file = {json.dumps(str(access.valkey_password_file))}
queues = ["matches", "ai", "default"]

[signals.celery]
broker_url = "redis://127.0.0.1:{ports.valkey}/0"
password_file = {json.dumps(str(access.valkey_password_file))}

[signals.postgres]
url = "postgresql://postgres@127.0.0.1:{ports.postgres}/postgres"
password_file = {json.dumps(str(access.postgres_password_file))}
migrations = {json.dumps(str(access.folder / RELEASES / "live" / "migrations"))}

{release_config(access, ports.service, strategy)}
[actions]  # what the profile says of a production that runs in containers, said of this one
checkout = {json.dumps(str(access.folder))}
folder = {json.dumps(str(access.folder / "runs"))}
second_person = []  # it is there to be broken

[actions.staged_return]
queues = ["matches", "ai"]
rates = {{ "src.tasks.match_tasks.fetch_and_store_match" = "60/m", "src.tasks.analysis_tasks.analyze_match_task" = "60/m" }}
refusals = [
  {{ promql = '60 * sum(rate(chimera_riot_api_429_total[30s]))', expect = "< 20", unit = "1/min" }},
  {{ promql = '60 * sum(rate(chimera_discord_requests_total{{status=~"401|403|429",scope!="shared"}}[30s])) or 0 * sum(rate(chimera_riot_api_429_total[30s]))', expect = "< 50", unit = "1/min" }},
]

[actions.producers]
queues = ["matches"]

[actions.visuals]  # its pictures are texts
base_url = "http://127.0.0.1:{ports.service}/static/builds"
storage = "builds"
pattern = "*.json"
content_types = ["application/json"]

[actions.switches.cache]
file = {{ path = ".env", restart = {{ workers = true }} }}
positions = {{ on = {{ LLM_CACHE_ENABLED = "true" }}, off = {{ LLM_CACHE_ENABLED = "false" }} }}

[actions.chaos.chaos-redis-down]
blast = "nobody but this sandbox: its workers do without the cache"
file.path = ".env"
set = {{ CHAOS_REDIS_DOWN = "true" }}

[actions.chaos.chaos-llm-latency]
blast = "nobody but this sandbox: each call to its model takes this much longer"
file.path = ".env"
set = {{ CHAOS_LLM_LATENCY_MS = "3000" }}
value = "[1-9][0-9]{{0,5}}"

[actions.chaos.chaos-llm-errors]
blast = "nobody but this sandbox: this share of the calls to its model fails"
file.path = ".env"
set = {{ CHAOS_LLM_ERROR_RATE = "0.2" }}
value = "0[.][0-9]{{1,3}}|1"

[actions.switches.model]
http = {{ url = "http://127.0.0.1:{ports.service}", path = "/switches", token_file = {json.dumps(str(access.control_token_file))} }}
positions = {{ standard = {{ model = "standard" }}, fast = {{ model = "fast" }} }}

[actions.secrets.riot]
pattern = ""
restart = ["workers"]
prove.url = "http://127.0.0.1:{ports.outside}/riot/lol/status/v4/platform-data"
prove.headers = {{ X-Riot-Token = "{{value}}" }}

[actions.secrets.discord-bot]
pattern = ""
restart = ["workers"]
prove.url = "http://127.0.0.1:{ports.outside}/discord/users/@me"
prove.headers = {{ Authorization = "Bot {{value}}" }}

[actions.secrets.openai]
restart = ["workers"]
prove.url = "http://127.0.0.1:{ports.outside}/llm/models"
prove.headers = {{ Authorization = "Bearer {{value}}" }}

[actions.secrets.database]  # who starts the sandbox's servers gives them their passwords
write = []

[actions.secrets.broker]
write = []

[costs]  # of models that are stand-ins: their own counter takes the standard one's price for both, as Chimera's does
monthly_budget_usd = 100  # as its alert rule has it
prices_as_of = "invented, as its models are"
prices.{MODELS["standard"]} = {{ input = 0.5, output = 1.5 }}
prices.{MODELS["fast"]} = {{ input = 0.1, output = 0.4 }}
levers.model.to = "{MODELS["fast"]}"

[drills.probes]
interactions = {{ url = "http://127.0.0.1:{ports.service}/interactions", token_file = {json.dumps(str(access.control_token_file))} }}
records = {{ url = "http://127.0.0.1:{ports.service}/interactions", token_file = {json.dumps(str(access.control_token_file))} }}
deliveries = {{ url = "http://127.0.0.1:{ports.outside}/control/deliveries", token_file = {json.dumps(str(access.control_token_file))} }}

[runbooks.addresses]  # what a check of a runbook asks the provider is asked of its stand-in
"https://na1.api.riotgames.com" = "http://127.0.0.1:{ports.outside}/riot"
"https://discord.com/api/v10" = "http://127.0.0.1:{ports.outside}/discord"
"""
