"""What the checks of a runbook would send, and to whom: by the configuration, which is the only one that may say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from core.text import clean
from runbooks.checks.permission import origin_of, permit, unapproved_origin, variables
from runbooks.lint.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runbooks.model import Runbook
    from runbooks.settings import RunbooksSettings


def lint_secrets(runbook: Runbook, settings: RunbooksSettings) -> Iterator[Finding]:
    """A hint for each secret that goes where it may go; what the configuration does not allow is likely a mistake."""
    permission = permit(settings, {})
    for step in runbook.steps():
        for check in step.checks:
            if check.probe != "http" or check.bundled:
                continue
            url = str((check.parameters or {}).get("url", ""))
            origin = origin_of(url)
            host = clean(origin or url, 200)
            for name in variables(check):
                allowed = origin in permission.secrets.get(name, ())
                text = say("lint.sends" if allowed else "lint.may_not_send", name=name, host=host)
                fix = None if allowed else say("lint.allow_secret", name=name, host=host)
                yield Finding(
                    step.file, check.line, "sends-secret", text, "hint" if allowed else "likely", fix=fix
                )
            if unapproved_origin(check, permission):
                text = say("lint.asks_host", host=host)
                yield Finding(
                    step.file, check.line, "new-host", text, "hint", fix=say("lint.allow_host", host=host)
                )
