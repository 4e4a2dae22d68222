"""What a prometheus.yml scrapes, evaluates and sends to, as far as Warroom can do the same; the rest is named.

Source: the documentation, "Configuration", and prometheus/prometheus, `scrape/target.go` (`PopulateLabels`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlencode

import yaml
from pydantic import ValidationError

from core.files import read_text
from core.message import say
from core.text import clean
from signals.relabel import RelabelRule, relabel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from core.message import Message

Table: TypeAlias = "dict[str, object]"

_DYNAMIC = re.compile(r"_sd_configs$")
_HOST = re.compile(r"[\w.\[\]:-]+")
_OWN_PORT = ":9090"
"""Prometheus' own page: while it answers nobody needs it, and while it does not there is none."""
_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class PrometheusFile:
    """`targets` are tables for `[[signals.scrape.targets]]`; `rule_files` are paths and globs as seen from the folder."""

    targets: tuple[Table, ...] = ()
    rule_files: tuple[str, ...] = ()
    alertmanagers: tuple[str, ...] = ()
    remarks: tuple[Message, ...] = ()


@dataclass(slots=True)
class _Reader:
    """Collects remarks about one file."""

    path: Path
    remarks: list[Message] = field(default_factory=list)

    def leave_out(self, job: str, what: str) -> None:
        """Say by name what can't be done here."""
        self.remarks.append(
            say("init.left_out", file=clean(self.path.name), job=clean(job, 80), what=clean(what, 200))
        )


MAX_YAML_BYTES = 2_000_000


def read_prometheus_file(path: Path, folder: Path) -> PrometheusFile:
    """Never raises: what can't be read holds nothing. Paths are seen from `folder`."""
    try:
        raw = yaml.safe_load(read_text(path, MAX_YAML_BYTES, errors="replace"))
    except (OSError, yaml.YAMLError, RecursionError):
        return PrometheusFile()
    if not isinstance(raw, dict):
        return PrometheusFile()
    reader = _Reader(path)
    targets = [target for job in _tables(raw.get("scrape_configs")) for target in _targets(job, reader)]
    alerting = raw.get("alerting")
    managers = _tables(alerting.get("alertmanagers")) if isinstance(alerting, dict) else []
    return PrometheusFile(
        targets=tuple(targets),
        rule_files=tuple(
            files for entry in _texts(raw.get("rule_files")) if (files := _rule_files(entry, path, folder))
        ),
        alertmanagers=tuple(url for manager in managers for url in _manager_urls(manager, reader)),
        remarks=tuple(reader.remarks),
    )


def _targets(job: Table, reader: _Reader) -> Iterator[Table]:
    name = str(job.get("job_name", ""))
    for key in job:
        if _DYNAMIC.search(key) and key != "file_sd_configs":
            reader.leave_out(name, key)
    try:
        rules = [RelabelRule.model_validate(rule) for rule in _tables(job.get("relabel_configs"))]
        after = [RelabelRule.model_validate(rule) for rule in _tables(job.get("metric_relabel_configs"))]
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        reader.leave_out(name, f"relabelling ({'.'.join(map(str, first['loc']))}: {first['msg']})")
        return
    more: Table = {**_credentials(job, name, reader)}
    if job.get("honor_labels") is True:
        more["honor_labels"] = True
    if after:
        more["metric_relabel"] = [
            {key: _plain(value) for key, value in rule.model_dump(exclude_defaults=True).items()}
            for rule in after
        ]
    for group in (*_tables(job.get("static_configs")), *_from_files(job, name, reader)):
        labels = group.get("labels")
        for address in _texts(group.get("targets")):
            target = _target(job, address, labels if isinstance(labels, dict) else {}, rules)
            if target is not None:
                yield {**target, **more}


def _target(job: Table, address: str, labels: Table, rules: list[RelabelRule]) -> Table | None:
    """One target after relabelling; None for one that is dropped, has no usable address, or is Prometheus itself."""
    params = job.get("params")
    fields = {str(key): _texts(value) for key, value in params.items()} if isinstance(params, dict) else {}
    before = {
        "job": str(job.get("job_name", "")),
        "__scheme__": str(job.get("scheme", "http")),
        "__metrics_path__": str(job.get("metrics_path", "/metrics")),
        **{f"__param_{name}": values[0] for name, values in fields.items() if values},
        **{str(name): str(value) for name, value in labels.items()},
        "__address__": address,
    }
    labelled = relabel(before, rules)
    host = (labelled or {}).get("__address__", "")
    if labelled is None or not _HOST.fullmatch(host) or host.endswith(_OWN_PORT):
        return None
    for name, value in labelled.items():
        if name.startswith("__param_"):
            param = name.removeprefix("__param_")
            fields[param] = [value, *fields.get(param, [])[1:]]
    query = urlencode(fields, doseq=True)
    url = f"{labelled['__scheme__']}://{host}{labelled['__metrics_path__']}" + (f"?{query}" if query else "")
    own = {
        clean(name): clean(value)
        for name, value in labelled.items()
        if not name.startswith("__") and name != "job"
    }
    if own.get("instance") == host:
        del own["instance"]
    target: Table = {"url": url, "job": clean(labelled.get("job", ""))}
    return {**target, "labels": own} if own else target


def _credentials(job: Table, name: str, reader: _Reader) -> Table:
    """Files of secrets are taken over by their path; a secret that stands in the text is not copied."""
    basic, bearer, tls = (_table(job.get(key)) for key in ("basic_auth", "authorization", "tls_config"))
    pairs = {
        "token_file": bearer.get("credentials_file") or job.get("bearer_token_file"),
        "user": basic.get("username"),
        "password_file": basic.get("password_file"),
        "ca_file": tls.get("ca_file"),
        "cert_file": tls.get("cert_file"),
        "key_file": tls.get("key_file"),
    }
    more: Table = {key: clean(str(value)) for key, value in pairs.items() if value}
    if tls.get("insecure_skip_verify") is True:
        more["verify_tls"] = False
    for key, holder in (("password", basic), ("credentials", bearer), ("bearer_token", job)):
        if holder.get(key):
            reader.leave_out(name, key)
    for key in ("oauth2", "proxy_url"):
        if job.get(key):
            reader.leave_out(name, key)
    return more


def _from_files(job: Table, name: str, reader: _Reader) -> Iterator[Table]:
    """Groups of targets in the files that `file_sd_configs` name; JSON is YAML, too."""
    for entry in _tables(job.get("file_sd_configs")):
        for pattern in _texts(entry.get("files")):
            files = sorted(reader.path.parent.glob(pattern)) if not pattern.startswith("/") else []
            if not files:
                reader.leave_out(name, f"file_sd_configs: {pattern}")
            for file in files:
                try:
                    yield from _tables(yaml.safe_load(read_text(file, MAX_YAML_BYTES, errors="replace")))
                except (OSError, yaml.YAMLError, RecursionError):
                    reader.leave_out(name, f"file_sd_configs: {file.name}")


def _manager_urls(manager: Table, reader: _Reader) -> Iterator[str]:
    scheme, prefix = str(manager.get("scheme", "http")), str(manager.get("path_prefix", "")).rstrip("/")
    for key in manager:
        if _DYNAMIC.search(key):
            reader.leave_out("alertmanagers", key)
    for group in _tables(manager.get("static_configs")):
        for host in _texts(group.get("targets")):
            if _HOST.fullmatch(host):
                yield f"{scheme}://{host}{prefix}"


def _rule_files(entry: str, path: Path, folder: Path) -> str:
    """As seen from the folder, where it names anything here; a container's path is looked for beside the file."""
    parts = [part for part in entry.split("/") if part]
    tails = ["/".join(parts[start:]) for start in range(len(parts))] if entry.startswith("/") else [entry]
    for tail in tails:
        named = path.parent / tail
        there = any(path.parent.glob(tail)) if _GLOB.search(tail) else named.exists()
        if there and named.is_relative_to(folder):
            return named.relative_to(folder).as_posix()
    return ""


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _tables(value: object) -> list[Table]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _table(value: object) -> Table:
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> list[str]:
    return (
        [str(item) for item in value if isinstance(item, str | int | float)]
        if isinstance(value, list)
        else []
    )
