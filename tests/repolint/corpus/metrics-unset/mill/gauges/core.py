from prometheus_client import Counter, Enum, Gauge, Histogram

SACKS = Gauge("mill_sacks_waiting", "Sacks that wait", ["gate"])
MILLERS = Gauge("mill_millers_active", "Millers at work", ["shift"])
GRINDS = Counter("mill_grinds_total", "Grinds", ["grain"])
STONES = Counter("mill_stones_total", "Stones", ["kind"])
TURNS = Histogram("mill_turn_seconds", "Time of a turn", ["stone"])
DUST = Gauge("mill_dust_ratio", "Dust", ["floor"])
DOORS = Gauge("mill_doors_open", "Open doors")
STATE = Enum("mill_state", "What it does", states=["still", "turning"])
__all__ = ["DOORS", "DUST", "GRINDS", "MILLERS", "SACKS", "STATE", "STONES", "TURNS"]
