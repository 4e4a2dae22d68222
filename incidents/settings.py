"""The `[journal]` and `[incidents]` sections: where events are kept, how often people are told, and where."""

from __future__ import annotations

import getpass
import os
import re
import string
from pathlib import Path  # noqa: TC003  # pydantic reads the annotations at run time
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from core.settings import Seconds, Section

if TYPE_CHECKING:
    from collections.abc import Mapping


def _database(url: SecretStr) -> SecretStr:
    scheme = url.get_secret_value().partition("://")[0]
    if scheme not in ("postgresql", "postgres", "postgresql+psycopg", "sqlite"):
        raise ValueError("a journal is postgresql://… or sqlite:///…")
    return url


class WebhookSettings(Section):
    """A place that status updates, or anchors of the journal, are sent to. Its URL is a secret: who has it can post there."""

    kind: Literal["discord", "slack", "generic"]
    secret_url: SecretStr | None = None
    secret_url_file: Path | None = None
    timeout_s: Seconds = 10.0
    tries: int = Field(default=4, ge=1, le=10)
    proxy: SecretStr | None = Field(
        default=None,
        description="without it that of HTTPS_PROXY, HTTP_PROXY and NO_PROXY; `none` goes directly",
    )


def _ref(ref: str) -> str:
    if not re.fullmatch(r"refs/[A-Za-z0-9][A-Za-z0-9_./-]*", ref) or ref.startswith("refs/heads/"):
        raise ValueError(
            "a ref of its own, such as refs/warroom/anchors; a branch may be checked out somewhere"
        )
    return ref


def _remote(remote: str) -> str:
    if remote.startswith("-") or "::" in remote:
        raise ValueError("the name of a remote, or its address")
    return remote


class GitAnchorSettings(Section):
    """A Git repository that keeps anchors as commits of a ref; no working tree and no branch of it is touched."""

    repository: Path
    ref: Annotated[str, AfterValidator(_ref)] = "refs/warroom/anchors"
    remote: Annotated[str, AfterValidator(_remote)] | None = Field(
        default=None,
        description="where the ref is pushed to, and read from: a remote of the repository, or an address",
    )
    timeout_s: Seconds = 30.0


class AnchorSettings(Section):
    """Where `warroom journal anchor --send` sends one hash over the whole journal."""

    webhooks: dict[str, WebhookSettings] = Field(default={})
    git: dict[str, GitAnchorSettings] = Field(default={})


class JournalSettings(Section):
    """Where events are kept."""

    url: Annotated[SecretStr, AfterValidator(_database)] | None = Field(
        default=None,
        description="the team's database, postgresql://…; without it a SQLite file in the user's data folder",
    )
    password_file: Path | None = None
    timeout_s: Seconds = 3.0
    patience_s: Seconds = Field(
        default=60.0,
        description="how long to wait for one's turn while the journal answers but many others are at it",
    )
    retry_s: Seconds = Field(
        default=5.0,
        description="how long a team database that is away is left alone before it is asked again",
    )
    spool_file: Path | None = Field(
        default=None, description="where events wait while the team database is away"
    )
    anchors: AnchorSettings = AnchorSettings()
    actor: str | None = Field(
        default=None, description="who you are; else $WARROOM_ACTOR, else the login name"
    )


TEMPLATE_FIELDS = ("incident", "title", "severity", "status", "elapsed", "ic", "next", "numbers", "text")
"""What a template of updates may name."""


def _template(text: str) -> str:
    for _, name, spec, conversion in string.Formatter().parse(text):
        if name is not None and (name not in TEMPLATE_FIELDS or spec or conversion):
            raise ValueError(f"known placeholders are {', '.join(TEMPLATE_FIELDS)}")
    return text


class UpdateSettings(Section):
    """The status-update clock, in minutes (PagerDuty's and Google's guides: SEV1 15–30, SEV2 30–60)."""

    sev1_min: float = Field(default=20, gt=0)
    sev2_min: float = Field(default=30, gt=0)
    sev3_min: float = Field(default=120, gt=0)
    sev4_min: float = Field(default=480, gt=0)
    template: Annotated[str, AfterValidator(_template)] | None = Field(
        default=None, description=f"text with {' '.join(f'{{{place}}}' for place in TEMPLATE_FIELDS)}"
    )
    webhooks: dict[str, WebhookSettings] = Field(default_factory=dict)


class IncidentsSettings(Section):
    """How incidents are led."""

    updates: UpdateSettings = UpdateSettings()


def actor_name(settings: JournalSettings, environment: Mapping[str, str] = os.environ) -> str:
    """Who writes: the configuration, $WARROOM_ACTOR, the login name (which may be unknown in a container)."""
    asked = settings.actor or environment.get("WARROOM_ACTOR")
    if asked:
        return asked
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid{os.getuid()}"
