"""Attacks on the program, bounded in time, on loopback alone: `python -m tests.attack`, or `make attack`.

Each file is one attack: what it is worth is what it would find. `python -m tests.attack --seconds 3600` is the long form.
"""
