"""Samples in memory, bounded: what the direct scrape remembers."""
