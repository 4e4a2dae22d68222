"""A share reads well at any size: a budget that is overdrawn 300 times needs no hundredths."""

from __future__ import annotations

import math

import pytest

from core.units import quantity
from tui.i18n import Language


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.00123, "0.12 %"),
        (9.9, "990.00 %"),
        (-9.99, "-999.00 %"),
        (12.346, "1235 %"),
        (-319.4982, "-31 950 %"),
        (math.inf, "Inf %"),
        (0.219, "21.90 %"),
        (4e-5, "0.004 %"),
        (5e-8, "< 0.0001 %"),
        (-5e-8, "> -0.0001 %"),
        (2.78e-17, "0.00 %"),
        (-2.78e-17, "0.00 %"),
        (0.0, "0.00 %"),
    ],
)
def test_a_share(value: float, text: str) -> None:
    assert Language("en").say(quantity(value, "ratio")) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (1000, "1000 B"),
        (1024, "1 KiB"),
        (25_232_932_864, "23.5 GiB"),
        (536_870_912, "512 MiB"),
        (1023 * 2**20, "1023 MiB"),
    ],
)
def test_bytes_are_binary(value: float, text: str) -> None:
    assert Language("en").say(quantity(value, "bytes")) == text
