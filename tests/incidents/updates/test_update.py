"""Status updates: what they say, what exactly is sent, retries against a real server, and the journal's word on it."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from core.errors import ConfigError
from incidents.events import body as b
from incidents.events.fold import fold
from incidents.journal import open_journal
from incidents.settings import JournalSettings, UpdateSettings, WebhookSettings
from incidents.updates.deliver import deliver, send
from incidents.updates.update import plan_sendings, update_text
from sandbox.servers import free_port
from tests.incidents.build import START, Chain
from tests.webhook import TAKEN, Answer, webhook_server
from tui.i18n import Language

if TYPE_CHECKING:
    from pathlib import Path

    from incidents.events.incident import Incident


def webhook(url: str, kind: str = "generic", **more: object) -> WebhookSettings:
    return WebhookSettings.model_validate({"kind": kind, "secret_url": url, "timeout_s": 5, **more})


def incident(*, drill: bool = False) -> Incident:
    chain = Chain(opened=b.Opened(title="Ban <near>", severity="SEV2", drill=drill))
    chain.add("ic1", b.RoleTaken(role="ic"))
    return fold(chain.events)


def text_of(found: Incident, template: str | None = None, code: str = "en") -> str:
    words = Language("zh" if code == "zh" else "en").say
    return update_text(
        found,
        "INC-7",
        UpdateSettings(template=template),
        words,
        "We throttle.",
        numbers=["Riot 429: 41/min", "Queues: 143"],
        now=START + dt.timedelta(minutes=83),
    )


def test_the_text_says_how_bad_who_leads_and_when_the_next_one_comes() -> None:
    assert text_of(incident()).splitlines() == [
        "SEV2 INC-7: Ban <near>",
        "Status: investigating (1 h 23 min since it was opened). Lead: ic1",
        "We throttle.",
        "• Riot 429: 41/min",
        "• Queues: 143",
        "Next update: 04:53 UTC",
    ]
    assert "指挥：ic1" in text_of(incident(), code="zh")


def test_a_drill_says_so_whatever_the_template() -> None:
    assert text_of(incident(drill=True), template="{title}!") == "DRILL Ban <near>!"


@pytest.mark.parametrize(
    "template", ["{title.__class__}", "{0}", "{titel}", "{title!r}", "{title:>99999999}", "{"]
)
def test_a_wrong_template_is_refused_when_the_configuration_is_read(template: str) -> None:
    with pytest.raises(ValidationError):
        UpdateSettings(template=template)


@pytest.mark.parametrize("kind", ["discord", "slack", "generic"])
async def test_what_is_planned_is_what_is_sent(kind: str) -> None:
    text = text_of(incident()) + " @everyone"
    with webhook_server() as (url, received):
        hook = webhook(url, kind)
        (sending,) = plan_sendings(text, incident(), "INC-7", {"team": hook})
        assert "SECRET" not in repr(sending)
        outcome = await send(sending, hook)
    assert (outcome.ok, outcome.detail) == (True, "HTTP 204")
    (post,) = received
    assert (post.path, post.body) == ("/hook/SECRET-TOKEN", sending.body)
    value = json.loads(post.body)
    if kind == "discord":
        assert value["allowed_mentions"] == {"parse": []}
        assert value["content"] == text
    elif kind == "slack":
        assert "Ban &lt;near&gt;" in value["text"]
    else:
        assert (value["incident"], value["severity"], value["drill"]) == ("INC-7", "SEV2", False)


def test_a_long_update_is_cut_to_what_discord_takes() -> None:
    hook = webhook("http://127.0.0.1/x", "discord")
    (sending,) = plan_sendings("x" * 5000, incident(), "INC-7", {"team": hook})
    assert len(json.loads(sending.body)["content"]) == 2000


IN_A_SECOND = dt.datetime.now(dt.UTC).replace(microsecond=0)


@pytest.mark.parametrize(
    ("kind", "headers", "payload", "least_s"),
    [
        ("generic", {"Retry-After": "0.4"}, b"", 0.4),
        ("discord", {"Retry-After": "30"}, b'{"retry_after": 0.3}', 0.3),
        ("discord", {"Retry-After": "0.2"}, b"<html>", 0.2),
        ("slack", {"Retry-After": format_datetime(IN_A_SECOND, usegmt=True)}, b"", 0.0),
        ("slack", {"Retry-After": "soon"}, b"", 0.4),
    ],
)
async def test_a_rate_limit_is_obeyed(
    kind: str, headers: dict[str, str], payload: bytes, least_s: float
) -> None:
    with webhook_server(Answer(429, headers, payload), TAKEN) as (url, received):
        hook = webhook(url, kind)
        outcome = await send(plan_sendings("x", incident(), "INC-7", {"team": hook})[0], hook)
    assert outcome.ok
    first, second = (post.at for post in received)
    assert least_s <= second - first < least_s + 3


@pytest.mark.parametrize(
    ("answers", "tries", "requests", "detail"),
    [
        ([Answer(404, {})], 4, 1, "HTTP 404"),
        ([Answer(302, {"Location": "http://127.0.0.1:1/"})], 4, 1, "HTTP 302"),
        ([Answer(429, {"Retry-After": "3600"})], 4, 1, "HTTP 429, Retry-After 3600 s"),
        ([Answer(500, {}), Answer(503, {})], 2, 2, "HTTP 503"),
    ],
)
async def test_what_fails_is_told_without_the_secret(
    answers: list[Answer], tries: int, requests: int, detail: str
) -> None:
    with webhook_server(*answers) as (url, received):
        hook = webhook(url, tries=tries)
        outcome = await send(plan_sendings("x", incident(), "INC-7", {"team": hook})[0], hook)
    assert not outcome.ok
    assert outcome.detail.endswith(detail)
    assert outcome.detail.startswith("127.0.0.1:")
    assert "SECRET" not in outcome.detail
    assert len(received) == requests


async def test_a_target_that_is_down_or_hangs_is_given_up_and_journalled(tmp_path: Path) -> None:
    journal = open_journal(JournalSettings.model_validate({"url": f"sqlite:///{tmp_path}/j.db"}))
    opened = journal.open_incident("ic1", b.Opened(title="x", severity="SEV2"))
    update = journal.append(opened.chain, "ic1", b.UpdateWritten(text="we are on it"))
    with webhook_server() as (url, _):
        hooks = {
            "down": webhook(f"http://127.0.0.1:{free_port()}/SECRET", tries=2),
            "fine": webhook(url),
        }
        sendings = plan_sendings("x", journal.load(opened.chain), "INC-1", hooks)
        outcomes = await asyncio.wait_for(deliver(journal, update, "ic1", sendings, hooks), 80)
    assert {outcome.target: outcome.ok for outcome in outcomes} == {"down": False, "fine": True}
    (written,) = journal.load(opened.chain).updates
    assert {each.target: (each.ok, "SECRET" in each.detail) for each in written.deliveries} == {
        "down": (False, False),
        "fine": (True, False),
    }
    journal.close()


async def test_nothing_of_a_drill_is_planned_and_what_somebody_planned_is_not_sent(tmp_path: Path) -> None:
    journal = open_journal(JournalSettings.model_validate({"url": f"sqlite:///{tmp_path}/j.db"}))
    opened = journal.open_incident("ic1", b.Opened(title="x", severity="SEV2", drill=True))
    update = journal.append(opened.chain, "ic1", b.UpdateWritten(text="we are on it"))
    with webhook_server() as (url, received):
        hooks = {"team": webhook(url)}
        assert plan_sendings("x", journal.load(opened.chain), "INC-1", hooks) == ()
        real = plan_sendings("x", incident(), "INC-1", hooks)
        (outcome,) = await deliver(journal, update, "ic1", real, hooks)
    assert (outcome.ok, outcome.detail, received) == (False, "DRILL", [])
    assert journal.load(opened.chain).updates[0].deliveries == ()
    journal.close()


async def test_an_outcome_that_can_not_be_journalled_blocks_nobody(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/j.db"
    journal = open_journal(JournalSettings.model_validate({"url": url}))
    opened = journal.open_incident("ic1", b.Opened(title="x", severity="SEV2"))
    update = journal.append(opened.chain, "ic1", b.UpdateWritten(text="we are on it"))
    reader = open_journal(JournalSettings.model_validate({"url": url}), read_only=True)
    with webhook_server() as (address, _):
        hooks = {"team": webhook(address)}
        sendings = plan_sendings("x", reader.load(opened.chain), "INC-1", hooks)
        (outcome,) = await deliver(reader, update, "ic1", sendings, hooks)
    assert outcome.ok
    journal.close()


@pytest.mark.parametrize("url", [None, "", "ftp://x/y", "nonsense", "https://"])
def test_a_webhook_without_an_address_is_a_sentence(url: str | None) -> None:
    hook = WebhookSettings.model_validate({"kind": "slack", "secret_url": url})
    with pytest.raises(ConfigError) as caught:
        plan_sendings("x", incident(), "INC-7", {"team": hook})
    assert caught.value.message.values == {"name": "team"}


async def test_an_update_goes_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with webhook_server() as (proxy, got):
        monkeypatch.setenv("HTTP_PROXY", proxy.removesuffix("/hook/SECRET-TOKEN"))
        hook = webhook("http://chat.invalid/hooks/1")
        sending = plan_sendings("x", incident(), "INC-7", {"team": hook})[0]
        assert (await send(sending, hook)).ok
        assert [post.path for post in got] == ["http://chat.invalid/hooks/1"]
        refused = webhook("http://chat.invalid/hooks/1", proxy="socks5://127.0.0.1:1", tries=1)
        assert not (await send(sending, refused)).ok
