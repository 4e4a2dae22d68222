from prometheus_client import Counter, Gauge, Histogram

BOILS = Counter("kettle_boils_total", "Boils by result", ["result", "room"])
HEATING = Histogram("kettle_heating_seconds", "Time to heat", ["room"], buckets=(1, 5, 10, 30))
WATER = Gauge("kettle_water_litres", "Water inside", ["room"])
BYTES = Gauge("kettle_log_bytes", "Size of the log")


def boiled(room, ok):
    BOILS.labels(result="ok" if ok else "cold", room=room).inc()


def heated(room, seconds):
    HEATING.labels(room).observe(seconds)


def filled(room, litres):
    WATER.labels(room).set(litres)
