"""`warroom worker`: does on this host the runs that are sent to it through Celery's broker, and keeps what is in force."""

from __future__ import annotations

import datetime as dt
import threading
from typing import TYPE_CHECKING, Any
from uuid import UUID

from actions.runner.execute import host_name
from actions.runner.remote import QUEUE, TASK
from core.message import say
from tui.cli.command import Command, Group
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse

    from actions.runner.request import RunSettings
    from tui.cli.command import Invocation
    from tui.config.model import Config
    from tui.i18n import Language

RETRY_S = 5.0
"""While the journal is away a message comes again after so long, until its run can be told what became of it: by then it is late."""


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """Its own options."""
    parser.add_argument("--no-keep", action="store_true", help=words.text("run.option_no_keep"))


def run(args: argparse.Namespace, invocation: Invocation) -> int:
    """Until it is interrupted; what it has started goes on. Exit 2 where there is no journal that two hosts could share."""
    from response.decision import Refused
    from response.run_guard import may_send
    from tui.cli.actions.keep import keep_in_force
    from tui.cli.resources import config_or_default
    from tui.config.runs import run_settings

    config = config_or_default(invocation)
    settings = run_settings(config)
    decision = may_send(settings.journal, ())
    if isinstance(decision, Refused):
        invocation.print_notice(decision.message)
        return ExitCode.UNKNOWN
    app, place = _application(settings, config, invocation)
    if not args.no_keep:
        threading.Thread(target=keep_in_force, args=(invocation, config), name="keep", daemon=True).start()
    worker = app.Worker(
        pool="solo",
        queues=[QUEUE],
        hostname=f"warroom@{host_name()}",
        quiet=True,  # Celery's own banner
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        loglevel="WARNING",
    )
    invocation.print_notice(say("run.worker_waits", queue=QUEUE, place=place))
    worker.start()
    return ExitCode.OK


def _application(settings: RunSettings, config: Config, invocation: Invocation) -> tuple[Any, str]:
    """Celery's application (it has no types) with the one task, and where its broker is."""
    from incidents.journal.errors import JournalError
    from response.remote import take
    from signals.connections.broker import open_broker
    from signals.settings import CelerySettings
    from tui.cli.resources import open_configured_journal

    app, connection = open_broker(config.signals.celery or CelerySettings(), config.signals.redis)
    app.conf.update(
        worker_enable_remote_control=False,  # what the service's workers are told is not meant for this one
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,  # else nobody sees what is said here: it went into the log
        broker_connection_retry_on_startup=True,
        task_ignore_result=True,
    )

    def take_run(task: Any, run_id: str) -> None:
        try:
            run = UUID(run_id)
        except (ValueError, TypeError, AttributeError):
            invocation.print_notice(say("run.foreign_message", queue=QUEUE))
            return
        try:
            with open_configured_journal(invocation, config) as journal:
                message = take(journal, settings, run, dt.datetime.now(dt.UTC))
        except JournalError as error:
            invocation.print_notice(error.message)
            raise task.retry(countdown=RETRY_S, max_retries=None) from None
        invocation.print_line(invocation.words.say(message))

    # Acknowledged when its runner has it: a worker that is killed before leaves the message to the next one.
    app.task(take_run, name=TASK, bind=True, acks_late=True, reject_on_worker_lost=True)
    return app, connection.as_uri()


COMMAND = Command(
    group=Group.RESPOND, summary="run.worker_summary", add_arguments=add_arguments, run=run, has_json=False
)
