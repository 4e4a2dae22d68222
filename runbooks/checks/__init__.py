"""Checks of a runbook, measured: `measure.measure` makes an `observation.Observation`.

`judge` compares values with what is expected, `probe` asks what is not PromQL, `gate` waits until it has lasted.
"""
