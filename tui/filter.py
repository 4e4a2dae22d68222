"""What a person wants to see of a long list: the words typed after `/`. Pure: a key makes another filter."""

from __future__ import annotations

from dataclasses import dataclass, replace

MAX_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Filter:
    """The words, and whether they are still being typed."""

    text: str = ""
    typing: bool = False

    def keeps(self, *texts: str) -> bool:
        """Whether every word stands somewhere in these texts, whatever its case."""
        there = "\n".join(texts).casefold()
        return all(word in there for word in self.text.casefold().split())


def typed(before: Filter, key: str, character: str | None) -> Filter | None:
    """The filter after a key; None when the key is none of its own, such as an arrow."""
    if key == "escape":
        return Filter()
    if key == "enter":
        return replace(before, typing=False)
    if key == "backspace":
        return replace(before, text=before.text[:-1]) if before.text else Filter()
    if key == "ctrl+u":
        return replace(before, text="")
    if character is not None and character.isprintable() and "+" not in key:  # Alt+q is no q
        return pasted(before, character)
    return None


def pasted(before: Filter, text: str) -> Filter:
    """The filter with more text behind it, on one line and not endless."""
    shown = "".join(char if char.isprintable() else " " for char in text)
    return replace(before, text=(before.text + shown)[:MAX_CHARACTERS])
