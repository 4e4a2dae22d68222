"""Exports nothing: everything here is watched through exporters of other people."""

from collections import Counter

WORDS = Counter("hello world".split())
