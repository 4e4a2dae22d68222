from prometheus_client import Counter, Histogram

LOAVES = Counter("baker_loaves_total", "Loaves", ["kind"])
BAKING = Histogram("baker_baking_seconds", "Time in the oven", ["kind"], buckets=[60, 600, 1800])
COST = Counter("baker_flour_cost_usd_total", "Flour", ["mill"])
WAITING = Counter("baker_waiting_total", "People who waited", ["shop"])
LINE = Histogram("baker_line_milliseconds", "Time in line", ["shop"], buckets=[100, 1000, 5000])


def served(shop, mill, usd, wait):
    COST.labels(mill).inc(usd)
    WAITING.labels(shop).inc()
    LINE.labels(shop).observe(wait)
