"""`warroom doctor`: looks at every dependency and every query of the board, and says what to mend."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tui.cli.command import Command, Group
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse

    from tui.cli.command import Invocation
    from tui.config.model import Config
    from tui.doctor import Finding
    from tui.i18n import Language


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """A repository to compare with what is live."""
    parser.add_argument(
        "--repo", type=Path, default=None, metavar="PATH", help=words.text("doctor.option_repo")
    )


def run(args: argparse.Namespace, invocation: Invocation) -> int:
    """Exit 1 when something is to be fixed."""
    findings = asyncio.run(_check(invocation.config(), args.repo, invocation.words))
    if invocation.json:
        invocation.print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark = invocation.words.text("doctor.ok" if finding.ok else "doctor.bad")
            invocation.print_line(
                " ".join(filter(None, (mark, f"{finding.where}:", finding.what, finding.fix)))
            )
    return ExitCode.OK if all(finding.ok for finding in findings) else ExitCode.BURNING


async def _check(config: Config, repo: Path | None, words: Language) -> list[Finding]:
    from tui.doctor.queries import check_queries
    from tui.doctor.sources import check_sources
    from tui.doctor.terminal import check_local

    sources, queries = await asyncio.gather(
        check_sources(config.signals, words), check_queries(config, words)
    )
    findings = [*check_local(words), *sources, *queries]
    if repo is not None:
        from tui.doctor.repo import check_repository

        findings += await check_repository(repo, config, words)
    return findings


COMMAND = Command(
    group=Group.SETUP,
    summary="doctor.summary",
    add_arguments=add_arguments,
    run=run,
)
