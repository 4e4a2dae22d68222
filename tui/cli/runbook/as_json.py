"""A runbook as JSON for scripts; every block says its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runbooks.model import ActionCall, Check, Command, Paragraph

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runbooks.model import Block, Runbook


def runbook_json(runbook: Runbook) -> dict[str, object]:
    """Everything that the runbook holds."""
    return {
        "id": runbook.id,
        "title": runbook.title,
        "language": runbook.language,
        "file": runbook.file,
        "severity": runbook.severity,
        "alerts": list(runbook.alerts),
        "panels": list(runbook.panels),
        "plain": runbook.plain,
        "intro": _blocks(runbook.intro),
        "phases": [
            {
                "id": phase.id,
                "number": phase.number,
                "title": phase.title,
                "line": phase.line,
                "pause": phase.pause,
                "prevention": phase.prevention,
                "intro": _blocks(phase.intro),
                "steps": [
                    {
                        "id": step.id,
                        "number": step.number,
                        "text": step.text,
                        "killer": step.killer,
                        "level": step.level,
                        "file": step.file,
                        "line": step.line,
                        "blocks": _blocks(step.blocks),
                    }
                    for step in phase.steps
                ],
            }
            for phase in runbook.phases
        ],
    }


def _blocks(blocks: Iterable[Block]) -> list[dict[str, object]]:
    return [_block(block) for block in blocks]


def _block(block: Block) -> dict[str, object]:
    match block:
        case Paragraph():
            return {"kind": "text", "role": block.role, "text": block.text}
        case Command():
            return {"kind": "command", "line": block.line, "text": block.text}
        case ActionCall():
            return {
                "kind": "action",
                "line": block.line,
                "id": block.id,
                "parameters": dict(block.parameters),
            }
        case Check():
            return {
                "kind": "check",
                "line": block.line,
                "promql": block.promql,
                "probe": block.probe,
                "parameters": {
                    name: value if isinstance(value, str) else list(value)
                    for name, value in (block.parameters or {}).items()
                    if name != "headers"  # a secret may stand in one
                },
                "expect": block.expect.text,
                "value": block.expect.value if block.expect.kind == "compare" else None,
                "unit": block.unit,
                "within_s": block.within_s,
                "window_s": block.window_s,
                "for_s": block.for_s,
            }
