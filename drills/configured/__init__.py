"""Faults of a drill on a configured system: planned and agreed to as `chaos.inject`, started in time, lifted by whoever is left."""
