"""`python -m tests.picture CONFIG FILE [COLUMNSxROWS] [LANGUAGE] [KEYS…]`: the real board over real sources, as SVG."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tui.app import Warroom
from tui.config.load import load_config
from tui.i18n import choose_language

SECONDS = 12


async def take(config: Path, file: Path, size: tuple[int, int], language: str, keys: list[str]) -> None:
    """Open the board, wait until it has news, press the keys, save."""
    app = Warroom(lambda: load_config(config), choose_language(language))
    async with app.run_test(size=size) as pilot:
        await asyncio.sleep(SECONDS)
        await pilot.press(*keys)
        await asyncio.sleep(0.5)
        picture = app.export_screenshot(title="warroom")
    await asyncio.to_thread(file.write_text, picture, encoding="utf-8")


if __name__ == "__main__":
    columns, _, rows = (sys.argv[3] if len(sys.argv) > 3 else "80x24").partition("x")
    tongue = sys.argv[4] if len(sys.argv) > 4 else "en"
    asyncio.run(take(Path(sys.argv[1]), Path(sys.argv[2]), (int(columns), int(rows)), tongue, sys.argv[5:]))
