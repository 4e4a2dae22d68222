from mill.gauges.core import DUST, GRINDS, MILLERS, SACKS, STONES, TURNS

__all__ = ["DUST", "GRINDS", "MILLERS", "SACKS", "STONES", "TURNS"]
