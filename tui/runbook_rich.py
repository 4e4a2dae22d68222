"""A runbook on a terminal: the same lines as on paper, with the weight where the eye should go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runbooks.model import ActionCall, Check, Command, Paragraph
from tui.runbook_words import asked, expected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import RenderableType

    from runbooks.model import Block, Runbook
    from tui.language import Language


def draw(runbook: Runbook, words: Language) -> None:
    """Print it. All texts are put in as text, never as markup."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.rule import Rule
    from rich.text import Text

    console = Console(highlight=False)
    facts = " · ".join(filter(None, [runbook.id, runbook.severity, ", ".join(runbook.alerts)]))
    console.print(Text(runbook.title, "bold reverse"))
    console.print(Text(facts, "dim"))
    for each in _blocks(runbook.intro, words):
        console.print(each)
    for phase in runbook.phases:
        console.print()
        console.print(Rule(Text(f"{phase.number}  {phase.title}", "bold"), align="left", characters="─"))
        if phase.prevention:
            console.print(Text(words.text("runbook.prevention"), "italic"))
        for each in _blocks(phase.intro, words):
            console.print(each)
        for step in phase.steps:
            head = Text.assemble(
                ("[ ] ", ""),
                (f"{step.number} ", "dim"),
                ("! " if step.killer else "", "bold red"),
                (step.text, "bold"),
            )
            console.print(Padding(head, (int(step.level == 0), 0, 0, 2 * step.level)))
            for each in _blocks(step.blocks, words, step.text if runbook.plain else ""):
                console.print(Padding(each, (0, 0, 0, 4 + 2 * step.level)))
        if phase.pause:
            console.print()
            console.print(Text(f"[ ] == {words.text('runbook.pause')}{phase.pause} ==", "bold yellow"))


def _blocks(blocks: Iterable[Block], words: Language, said: str = "") -> Iterator[RenderableType]:
    from rich.text import Text

    for block in blocks:
        match block:
            case Paragraph():
                head = words.text(f"runbook.role_{block.role}") if block.role else ""
                yield Text.assemble((head, "bold"), block.text)
            case Command() if "\n" in block.text or block.text not in said:
                yield Text(
                    "\n".join(f"    {line}" for line in block.text.split("\n")),
                    "cyan",
                    no_wrap=True,
                    overflow="fold",
                )
            case Check():
                head = words.text("runbook.role_check")
                yield Text.assemble(
                    (head, "bold"), (asked(block), "magenta"), f"\n    {expected(block, words)}"
                )
            case ActionCall():
                parameters = " ".join(f"{name}={value}" for name, value in block.parameters.items())
                yield Text.assemble(
                    (f"{words.text('runbook.role_action')}", "bold"), f"{block.id} {parameters}"
                )
            case _:
                pass
