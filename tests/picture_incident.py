"""`python -m tests.picture_incident FILE [LANGUAGE]`: the incident's screen over a real journal, as SVG at 120x40."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from incidents.events.body import Body, Marked, Noted, Opened, RoleTaken, StepSkipped, StepStarted, StepTicked
from incidents.journal import open_journal
from incidents.settings import JournalSettings
from tests.exporter import refusals_exporter
from tests.tui.incident.stage import shown, until
from tui.app import Warroom
from tui.config.load import load_config
from tui.i18n import choose_language


def write_story(journal_url: str) -> None:
    """What two people have done in the first minutes."""
    import datetime as dt

    now = dt.datetime.now(dt.UTC)
    journal = open_journal(JournalSettings.model_validate({"url": journal_url}))
    incident = journal.open_incident(
        "ic1", Opened(title="Cloudflare ban near", severity="SEV1", runbook="cloudflare-ban")
    ).chain
    story: list[tuple[str, Body]] = [
        ("ic1", Marked(moment="acknowledged", at=now)),
        ("ic1", RoleTaken(role="ic")),
        ("op1", RoleTaken(role="ops")),
        ("ic1", StepTicked(step="near", observed="6713 rising, expected < 1000")),
        ("op1", StepTicked(step="throttle")),
        ("ic1", StepSkipped(step="hold-ai", reason="far from the ban")),
        ("op1", Noted(text="spike starts with v2.2.1")),
        ("op1", StepStarted(step="falling")),
    ]
    for actor, body in story:
        journal.append(incident, actor, body)
    journal.close()


async def take(file: Path, language: str) -> None:
    """A service that counts refusals, the journal, and the program as a responder sees it."""
    with refusals_exporter() as (address, refused), tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/journal.db"
        await asyncio.to_thread(write_story, url)
        config = Path(folder, "warroom.toml")
        target = f'{{ url = "{address}", interval_s = 1 }}'
        text = f'service.profile = "chimera"\n[signals.scrape]\ntargets = [{target}]\n[journal]\nurl = "{url}"\nactor = "ic1"\n'
        await asyncio.to_thread(config.write_text, text, encoding="utf-8")
        app = Warroom(lambda: load_config(config), choose_language(language))
        async with app.run_test(size=(120, 40)) as pilot:
            await until(
                lambda: app.incidents.snapshots and app.incidents.library and app.states, "the room opens"
            )
            for _ in range(8):
                await asyncio.sleep(1)
                refused.inc(20)
            await pilot.press("i")
            await until(lambda: "expected < 50" in shown(app, 120, 40), "the check is measured")
            app.incidents.notify(None)
            await pilot.pause(0.5)
            picture = app.export_screenshot(title="warroom")
    await asyncio.to_thread(file.write_text, picture, encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(take(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "en"))
