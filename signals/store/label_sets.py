"""The labels of many series, and what was derived from them: panels ask for the same again and again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np

from signals.reading import Labels

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from numpy.typing import NDArray

T = TypeVar("T")
Indices: TypeAlias = "NDArray[np.intp]"

_MAX_DERIVED = 32


class LabelSets(tuple[Labels, ...]):  # noqa: SLOT001  # a tuple can have no slots, and this one remembers
    """The labels of each row."""

    def derived(self, key: Hashable, derive: Callable[[LabelSets], T]) -> T:
        """What `derive` makes of these labels, made once; one key belongs to one way of deriving."""
        memory: dict[Hashable, Any] = self.__dict__.setdefault("_derived", {})
        result: T
        try:
            result = memory[key]
        except KeyError:
            if len(memory) >= _MAX_DERIVED:
                memory.clear()  # another thread may be about to look: it derives anew
            result = memory[key] = derive(self)
        return result

    def only(self, rows: NDArray[np.bool_]) -> LabelSets:
        """Those of the rows where it is true."""
        return self.derived(
            ("only", rows.tobytes()),
            lambda all_of_them: LabelSets(
                labels for labels, wanted in zip(all_of_them, rows.tolist(), strict=True) if wanted
            ),
        )

    def mapped(self, key: Hashable, function: Callable[[Labels], Labels]) -> LabelSets:
        """Others in their place."""
        return self.derived(key, lambda labels: LabelSets(map(function, labels)))

    def grouped(self, key: Hashable, group_of: Callable[[Labels], Labels]) -> Groups:
        """Which rows belong together: those of which `group_of` says the same."""
        return self.derived(key, lambda labels: _grouped(list(map(group_of, labels))))


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows that belong together.

    `labels` are those of the groups, in the order in which they appear; `of_row` says of each row which group it is
    in. `tables` holds for each size of a group the numbers of the groups of this size, and a table of their rows: a
    column for each group, ascending.
    """

    labels: LabelSets
    of_row: Indices
    tables: tuple[tuple[Indices, Indices], ...]


def _grouped(keys: Sequence[Labels]) -> Groups:
    members: dict[Labels, list[int]] = {}
    for row, key in enumerate(keys):
        members.setdefault(key, []).append(row)
    of_row = np.empty(len(keys), np.intp)
    of_size: dict[int, list[int]] = {}
    rows = list(members.values())
    for group, own in enumerate(rows):
        of_row[own] = group
        of_size.setdefault(len(own), []).append(group)
    tables = tuple(
        (np.array(groups), np.array([rows[group] for group in groups]).T) for groups in of_size.values()
    )
    return Groups(LabelSets(members), of_row, tables)
