"""One runbook in two languages has the same ids, order, checks and commands."""

from __future__ import annotations

import pytest

from runbooks.lint.drift import drift
from runbooks.model import Runbook
from tests.runbooks.build import CHECK, SH, parsed, phase, step
from tui.i18n import Language

ENGLISH = phase(
    "stop", step("a", SH, CHECK, mark="**!** "), step("b", text="Look around"), pause="Go on?"
) + phase("prevent", step("c"), words="prevention")
CHINESE = ENGLISH.replace("Look around", "到处看看").replace("Go on?", "继续？").replace("## Stop", "## 停止")


def book(body: str, language: str = "zh", head: str = "") -> Runbook:
    normal = "---\nid: book\ntitle: B\nalerts: [A]\nseverity: SEV1\n---\n"
    return parsed(body, head or normal, f"{language}/book.md", language).runbook


def test_a_true_translation_has_no_drift() -> None:
    assert drift(book(ENGLISH, "en"), book(CHINESE)) == []


@pytest.mark.parametrize(
    ("before", "after", "line", "said"),
    [
        ("expect: < 5", "expect: < 6", 15, "a differs from the other language (en) in its check"),
        ("promql: up", "promql: down", 15, "a differs from the other language (en) in its check"),
        (
            "systemctl restart x",
            "systemctl restart y",
            11,
            "a differs from the other language (en) in its sh",
        ),
        ("**!** ", "", 8, "a differs from the other language (en) in its killer"),
        ("<!-- id: b -->", "<!-- id: bb -->", 7, "b of the other language (en) is missing"),
        (
            "<!-- id: prevent prevention -->",
            "<!-- id: prevent -->",
            22,
            "prevent differs from the other language (en) in its prevention",
        ),
        ("\n> 继续？ <!-- pause -->\n", "\n", 7, "stop differs from the other language (en) in its pause"),
        ("<!-- id: stop -->", "<!-- id: halt -->", 1, "stop of the other language (en) is missing"),
    ],
)
def test_what_differs_is_told_at_its_line(before: str, after: str, line: int, said: str) -> None:
    assert before in CHINESE
    found = drift(book(ENGLISH, "en"), book(CHINESE.replace(before, after, 1)))
    first = found[0]
    assert (first.file, first.line, first.rule, first.confidence) == ("zh/book.md", line, "drift", "certain")
    assert said in Language().say(first.message)
    assert first.evidence.startswith("en/book.md:")


def test_another_order_and_other_front_matter_are_told() -> None:
    turned = phase("stop", step("b"), step("a", SH, CHECK, mark="**!** "), pause="?")
    rest = phase("prevent", step("c"), words="prevention")
    head = "---\nid: book\ntitle: B\nalerts: [A, B]\nseverity: SEV1\n---\n"
    said = [Language().say(one.message) for one in drift(book(ENGLISH, "en"), book(turned + rest, head=head))]
    assert said == [
        "alerts is A, B here, and A in the runbook's other language (en)",
        "the order is not that of the other language (en): stop",
    ]
    assert "order" in Language().say(
        drift(book(ENGLISH, "en"), book(rest + CHINESE.split("## Prevent")[0]))[-1].message
    )


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("restart x  # wait for it", "restart x  # 等它起来"),
        ("# first\nrestart x", "# 先做\nrestart x"),
        ("restart <name of the service>", "restart <服务名>"),
        ('commit -m "what changed"', 'commit -m "what changed"'),
    ],
)
def test_comments_and_what_a_person_fills_in_may_be_translated(english: str, chinese: str) -> None:
    def body(command: str) -> str:
        return phase("do", step("a", f"```sh\n{command}\n```"))

    assert drift(book(body(english), "en"), book(body(chinese))) == []
