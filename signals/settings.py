"""The `[signals]` section of the configuration: where facts come from, and with which patience.

Secrets are `SecretStr`: they come from `${ENV}` or from a `…_file`, and never show in a dump or an error.
"""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # pydantic reads the annotations at run time
from typing import Literal

from pydantic import Field, SecretStr

from core.settings import HttpAddress, Seconds, Section
from signals.relabel import RelabelRule  # noqa: TC001  # pydantic reads the annotations at run time


class HttpSettings(Section):
    """How to reach an HTTP source."""

    url: HttpAddress
    timeout_s: Seconds = 5.0
    token: SecretStr | None = None
    token_file: Path | None = None
    user: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    headers: dict[str, SecretStr] = Field(default={})
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    verify_tls: bool = True
    proxy: SecretStr | None = Field(
        default=None,
        description="without it that of HTTPS_PROXY, HTTP_PROXY and NO_PROXY; `none` goes directly",
    )


class PrometheusSettings(HttpSettings):
    """A Prometheus server (or anything with its query API)."""


class AlertmanagerSettings(HttpSettings):
    """An Alertmanager (API v2)."""


class ScrapeTarget(HttpSettings):
    """One `/metrics` page that is read directly."""

    job: str = Field(default="", description="the label `job`; without it that of [signals.scrape]")
    labels: dict[str, str] = Field(default={})
    honor_labels: bool = Field(default=False, description="the page's own labels win, as for a federation")
    metric_relabel: tuple[RelabelRule, ...] = Field(
        default=(), description="Prometheus' metric_relabel_configs: what is kept of a page, and as what"
    )
    interval_s: Seconds = 5.0


class ScrapeSettings(Section):
    """Direct scrape: the embedded source of metrics, and the fallback when Prometheus is silent."""

    targets: tuple[ScrapeTarget, ...] = ()
    job: str = Field(default="scrape", description="the label `job` of targets that name none")
    retention_s: Seconds = 86_400.0
    ring_bytes: int = Field(
        default=6_000_000, gt=0, description="memory for samples, about one byte each; the oldest go first"
    )
    max_bytes: int = Field(default=32_000_000, gt=0, description="a longer page is refused")
    max_series: int = Field(
        default=50_000, gt=0, description="a page of more is refused: each series costs about 3 kB of memory"
    )
    rule_files: tuple[Path, ...] = Field(
        default=(),
        description="alert rules evaluated here when no Prometheus answers: files, globs and folders",
    )


class AlertsSettings(Section):
    """Who is to be told of an alert, by its severity; one whose severity stands nowhere warns."""

    paging: tuple[str, ...] = Field(
        default=("page", "critical"), description="severities that get somebody out of bed: they burn"
    )
    informing: tuple[str, ...] = Field(
        default=("none", "info"), description="severities that nobody has to act on"
    )
    heartbeats: tuple[str, ...] = Field(
        default=(),
        description="names of alerts that always fire, such as Watchdog: one that is absent burns",
    )


class RedisSettings(Section):
    """The broker, as a Redis: queues are its lists."""

    url: SecretStr
    password_file: Path | None = None
    timeout_s: Seconds = 3.0
    queues: tuple[str, ...] = Field(
        default=(), description="names of the Celery queues; without them those that are bound on the broker"
    )
    key_prefix: str = ""
    priority_steps: tuple[int, ...] = (0, 3, 6, 9)
    priority_separator: str = "\x06\x16"
    master_name: str | None = Field(
        default=None, description="behind sentinel://: what the sentinels call the master"
    )


class CelerySettings(Section):
    """The workers, through remote control and events on the broker. Nothing is switched on in them."""

    follow: bool = Field(default=True, description="false: the workers are not asked")
    broker_url: SecretStr | None = Field(
        default=None,
        description="the broker; without it that of [signals.redis], with its prefix and password",
    )
    password_file: Path | None = None
    timeout_s: Seconds = 3.0
    interval_s: Seconds = Field(default=5.0, description="how often the workers are asked")
    reply_wait_s: Seconds = Field(default=1.5, description="how long answers are waited for")
    window_s: Seconds = Field(default=60.0, description="how far back a finished task is a sign of work")
    task_time_limit_s: Seconds = Field(
        default=300.0, description="the limit of tasks that have none of their own: older ones are stuck"
    )
    key_prefix: str = ""
    master_name: str | None = Field(
        default=None, description="behind sentinel://: what the sentinels call the master"
    )


class PostgresSettings(Section):
    """The service's database, and what it should be: with neither scripts nor tables it is compared with nothing."""

    url: SecretStr
    password_file: Path | None = None
    timeout_s: Seconds = 5.0
    alembic_ini: Path | None = Field(
        default=None,
        description="the service's alembic.ini or pyproject.toml: its scripts say which revision is the newest",
    )
    alembic_section: str = "alembic"
    migrations: Path | None = Field(
        default=None, description="the folder of the Alembic scripts, where there is no alembic_ini"
    )
    version_locations: tuple[Path, ...] = Field(
        default=(), description="the folders of the revisions, where only the service's code says which"
    )
    version_table: str | None = Field(
        default=None, description="Alembic's own table, where only the service's code says how it is called"
    )
    version_table_schema: str | None = Field(default=None, description="and the schema that it is in")
    alembic_command: tuple[str, ...] = Field(
        default=(),
        description='what runs Alembic in the service\'s own environment: ["poetry", "run", "alembic"]; without it'
        " Warroom's own, for scripts that import nothing but Alembic and SQLAlchemy",
    )
    alembic_folder: Path | None = Field(
        default=None, description="where that is run; without it the folder of alembic_ini"
    )
    alembic_environment: dict[str, SecretStr] = Field(
        default={}, description="variables that the service's env.py needs: DATABASE_URL, say"
    )
    tables: dict[str, dict[str, str]] = Field(
        default={},
        description="what should be there, by table: columns and types as Postgres prints them, with `not null`",
    )
    indexes: dict[str, dict[str, str]] = Field(
        default={},
        description="what should be there, by table: indexes as Postgres prints them from their method on",
    )


class SignalsSettings(Section):
    """Every source; one that is not configured is not asked."""

    metrics: tuple[Literal["prometheus", "scrape"], ...] = Field(
        default=("prometheus", "scrape"), description="who answers PromQL, in order of failover"
    )
    interval_s: float = Field(
        default=5.0, gt=0.5, le=86_400, description="how often panels ask, unless they say otherwise"
    )
    breaker_failures: int = Field(default=3, ge=1, description="failures in a row that open a circuit")
    breaker_rest_s: Seconds = Field(default=15.0, description="rest before an open circuit is tried again")
    prometheus: PrometheusSettings | None = None
    scrape: ScrapeSettings | None = None
    alertmanager: AlertmanagerSettings | None = None
    alerts: AlertsSettings = AlertsSettings()
    redis: RedisSettings | None = None
    celery: CelerySettings | None = None
    postgres: PostgresSettings | None = None

    def configured(self) -> frozenset[str]:
        """The names of the sources that are to be asked; the workers are found behind a broker."""
        names = ("prometheus", "scrape", "alertmanager", "redis", "celery", "postgres")
        return frozenset(name for name in names if getattr(self, name) is not None)
