"""Checks a manual, in any language, against the repository that it speaks about: is what it names really there."""
