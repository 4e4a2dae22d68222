"""What an audit's output says while it works."""

from __future__ import annotations

import pytest

from actions.secrets.progress import Began, Ended, Listed, Progress, Seen, StillReading, progress_line


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (Listed(3), "files: 3"),
        (Began("kingfisher files and history"), "kingfisher files and history ..."),
        (StillReading("betterleaks files of .", 10), "betterleaks files of .: still reading after 10 s"),
        (Ended("betterleaks files of .", 1), "betterleaks files of .: hits: 1"),
        (Seen("386def46", "riot-api-key", "settings.env:1"), "seen 386def46 riot-api-key settings.env:1"),
    ],
)
def test_each_piece_of_news_is_a_line(progress: Progress, line: str) -> None:
    assert progress_line(progress) == line
