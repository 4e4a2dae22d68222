"""A column gives back every bit of what it was given, whatever of it is sealed, and takes few bytes for it."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.store.column import BLOCK_SIZE, Column
from signals.store.series_buffer import STALE_BITS, STALE_NAN

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

LENGTHS = st.integers(0, 3 * BLOCK_SIZE + 7)
PATTERNS = st.one_of(
    st.sampled_from([0, STALE_BITS, 2**63, 2**64 - 1, 0x7FF8000000000001, 0x7FF0000000000000]),
    st.integers(0, 2**64 - 1),
)
RUNS = st.lists(st.tuples(PATTERNS, st.sampled_from([1, 2, BLOCK_SIZE - 1, BLOCK_SIZE])), max_size=6)


def filled(bits: NDArray[np.uint64]) -> Column[np.float64]:
    column: Column[np.float64] = Column(np.float64)
    for value in bits.view(np.float64):
        column.append(value)
    return column


@given(RUNS, st.lists(st.tuples(LENGTHS, LENGTHS, LENGTHS), max_size=4))
def test_every_bit_comes_back_from_every_part_also_after_the_oldest_were_forgotten(
    runs: list[tuple[int, int]], looks: list[tuple[int, int, int]]
) -> None:
    bits = np.array([pattern for pattern, times in runs for _ in range(times)], np.uint64)
    column = filled(bits)
    for forgotten, low, high in looks:
        count = min(forgotten, len(column))
        column.drop_oldest(count)
        bits = bits[count:]
        assert len(column) == len(bits)
        start, stop = sorted((min(low, len(bits)), min(high, len(bits))))
        assert column.slice(start, stop).read().view(np.uint64).tolist() == bits[start:stop].tolist()
    assert column.slice(0, len(bits)).read().view(np.uint64).tolist() == bits.tolist()


@given(
    st.lists(st.integers(0, 900), max_size=40),
    st.integers(0, 400),
    st.lists(st.integers(-5, 300_000), min_size=1),
)
def test_a_time_is_found_where_it_stands_among_plain_ones(
    steps: list[int], forgotten: int, wanted: list[int]
) -> None:
    times = np.cumsum(np.repeat(np.array([0, *steps]), 17))
    column: Column[np.int64] = Column(np.int64)
    for at in times.tolist():
        column.append(at)
    column.drop_oldest(count := min(forgotten, len(times)))
    for at in wanted:
        assert column.count_below(at) == int(times[count:].searchsorted(at))


def test_a_cut_stays_what_it_was_while_the_column_goes_on() -> None:
    column: Column[np.float64] = Column(np.float64)
    cuts = []
    for value in range(3 * BLOCK_SIZE):
        column.append(value)
        cuts.append(column.slice(value // 2, value + 1))
    for value in range(5 * BLOCK_SIZE):
        column.append(-value)
        column.drop_oldest(1)
    for value, cut in enumerate(cuts):
        assert cut.read().tolist() == list(range(value // 2, value + 1))


def test_what_is_forgotten_gives_its_memory_back() -> None:
    column: Column[np.float64] = Column(np.float64)
    for _ in range(40 * BLOCK_SIZE):
        column.append(random.random())
    column.drop_oldest(39 * BLOCK_SIZE)
    assert column.nbytes <= 2 * 8.5 * BLOCK_SIZE


@pytest.mark.parametrize(
    ("name", "value", "most"),
    [
        ("at rest", lambda before, _: before, 0.6),
        ("a busy counter", lambda before, chance: before + chance.randrange(20), 1.5),
        ("gone", lambda _, __: STALE_NAN, 0.6),
        ("noise", lambda _, chance: chance.random(), 8.5),
    ],
)
def test_a_day_takes_few_bytes_a_value(
    name: str, value: Callable[[float, random.Random], float], most: float
) -> None:
    column: Column[np.float64] = Column(np.float64)
    chance, now = random.Random(3), 1000.0
    for _ in range(17_280):
        column.append(now := value(now, chance))
    assert column.nbytes / len(column) <= most, name


def test_reading_brings_no_masked_arrays_along() -> None:
    """`numpy.unique` imports them: 1.2 MB that nobody here has a use for."""
    code = (
        "import sys, numpy as np; from signals.store.block import seal, unseal;"
        "blocks = [seal(np.arange(256.0)), seal(np.linspace(0, 1, 256))];"
        "assert unseal(blocks, np.dtype(float), 256)[1][-1] == 1;"
        "print('numpy.ma' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
