import mill.gauges.core as core
from mill import gauges
from mill.gauges import GRINDS as counted


def grind(grain, SACKS=0):
    """SACKS is a number here; `MILLERS` is only spoken of."""
    counted.labels(grain).inc()
    core.STONES.labels("upper").inc()
    getattr(gauges, "TURNS").labels("upper").observe(1)
    for one in (gauges.DUST,):
        one.labels("first").set(SACKS)
