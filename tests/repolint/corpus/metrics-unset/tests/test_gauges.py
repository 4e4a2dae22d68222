from mill.gauges import SACKS


def test_sacks():
    SACKS.labels(gate="north").set(3)
