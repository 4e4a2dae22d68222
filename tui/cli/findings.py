"""What a lint prints: every finding with file and line, in words or as JSON."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from core.message import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runbooks.lint.finding import Finding
    from tui.cli.command import Invocation


def print_findings(findings: Sequence[Finding], files: int, invocation: Invocation) -> None:
    """Findings on standard output; how many in how many files on standard error, for people alone."""
    words = invocation.words
    if invocation.json:
        invocation.print_json(
            [
                {
                    "file": finding.file,
                    "line": finding.line,
                    "rule": finding.rule,
                    "message": words.say(finding.message),
                    "confidence": finding.confidence,
                    "evidence": finding.evidence,
                    "fix": words.say(finding.fix) if finding.fix else "",
                }
                for finding in findings
            ]
        )
        return
    for finding in findings:
        sure = words.text(f"runbook.confidence_{finding.confidence}")
        what = words.say(finding.message)
        invocation.print_line(
            words.text(
                "runbook.line",
                file=finding.file,
                line=finding.line,
                confidence=sure,
                rule=finding.rule,
                what=what,
            )
        )
        if finding.evidence:
            invocation.print_line(words.text("runbook.evidence", text=finding.evidence))
        if finding.fix:
            invocation.print_line(words.text("runbook.fix", text=words.say(finding.fix)))
    count = Counter(finding.confidence for finding in findings)
    invocation.print_notice(
        say(
            "runbook.found", files=files, certain=count["certain"], likely=count["likely"], hint=count["hint"]
        )
    )
