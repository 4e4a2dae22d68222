"""What can go wrong with a release, with the words that a person will read.

ReleaseError      the root
├── NotListed     the adapter's own program did not say which releases there are
└── Stopped       a move that stopped; says where, why, and what holds now
"""

from __future__ import annotations

from actions.errors import ActionFailed


class ReleaseError(ActionFailed):
    """Something about a release can't be known or done."""


class NotListed(ReleaseError):
    """Which releases there are is not known."""


class Stopped(ReleaseError):
    """A move stopped on its way."""
