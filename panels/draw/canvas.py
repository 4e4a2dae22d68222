"""Dots on a grid of cells: braille has eight to a cell, ASCII has three heights. Knows nothing of time or values."""

from __future__ import annotations

from rich.text import Text

BRAILLE_BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
ASCII_HEIGHTS = ("'", "-", ".")


class Canvas:
    """Cells of `columns` x `rows`. What was drawn first keeps a cell's letter and style."""

    def __init__(self, columns: int, rows: int, *, ascii_only: bool) -> None:
        self.columns, self.rows = columns, rows
        self.ascii_only = ascii_only
        self.across, self.down = (1, 3) if ascii_only else (2, 4)
        """Dots in a cell."""
        self._bits: dict[tuple[int, int], int] = {}
        """The dots of a cell: braille bits, or the index of the first height in ASCII."""
        self._texts: dict[tuple[int, int], str] = {}
        self._styles: dict[tuple[int, int], str] = {}

    @property
    def width(self) -> int:
        """Dots from left to right."""
        return self.columns * self.across

    @property
    def height(self) -> int:
        """Dots from top to bottom."""
        return self.rows * self.down

    def dot(self, x: int, y: int, style: str = "") -> None:
        """One dot; y counts from the bottom. What is outside is cut off."""
        if not (0 <= x < self.width and 0 <= y < self.height):
            return
        column, row = x // self.across, self.rows - 1 - y // self.down
        part = self.down - 1 - y % self.down
        if self.ascii_only:
            self._bits.setdefault((column, row), part)
        else:
            bit = BRAILLE_BITS[x % 2][part]
            self._bits[column, row] = self._bits.get((column, row), 0) | bit
        self._styles.setdefault((column, row), style)

    def line(self, x0: int, y0: int, x1: int, y1: int, style: str = "") -> None:
        """A straight line without holes; a steep one fills its columns from value to value.

        Only what lies inside is walked through: an end may be as far away as a float can be.
        """
        if x1 <= x0:
            self._rise(x0, min(y0, y1), max(y0, y1), style)
            return
        before = None
        for x in range(max(x0, 0), min(x1, self.width - 1) + 1):
            y = y0 + (y1 - y0) * (x - x0) // (x1 - x0)
            low, high = y, y
            if before is not None and y != before:
                low, high = (before + 1, y) if y > before else (y, before - 1)
            self._rise(x, low, high, style)
            before = y

    def _rise(self, x: int, low: int, high: int, style: str) -> None:
        for y in range(max(low, 0), min(high, self.height - 1) + 1):
            self.dot(x, y, style)

    def put(self, column: int, row: int, text: str, style: str = "") -> None:
        """A character over whatever dots there are, unless another character stands there."""
        if 0 <= column < self.columns and 0 <= row < self.rows:
            self._texts.setdefault((column, row), text)
            self._styles[column, row] = style

    def free(self, column: int, row: int) -> bool:
        """Whether nothing is drawn in a cell."""
        return (column, row) not in self._bits and (column, row) not in self._texts

    def cell_of(self, y: int) -> int:
        """The row of cells that a dot's height falls into."""
        return self.rows - 1 - max(0, min(self.height - 1, y)) // self.down

    def lines(self) -> list[Text]:
        """The rows, neighbours of one style in one span."""
        return [self._row(row) for row in range(self.rows)]

    def _row(self, row: int) -> Text:
        text, run, style = Text(no_wrap=True), "", ""
        for column in range(self.columns):
            shown = self._texts.get((column, row))
            if shown is None:
                shown = self._dots(column, row)
            # A blank has no style: after a cursor that is reversed it would be a wall.
            wanted = self._styles.get((column, row), "") if shown != " " else ""
            if wanted != style:
                text.append(run, style)
                run, style = "", wanted
            run += shown
        text.append(run, style)
        return text

    def _dots(self, column: int, row: int) -> str:
        bits = self._bits.get((column, row))
        if bits is None:
            return " "
        return ASCII_HEIGHTS[bits] if self.ascii_only else chr(0x2800 + bits)
