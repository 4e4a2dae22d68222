"""Samples in memory, bounded: what the direct scrape remembers. `ring.Ring`, `ring.Sample`, `ring.Matcher`."""
