"""Numbers of the courier bot. Without the client library everything is a no-op."""

try:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
except ImportError:
    Counter = Gauge = Histogram = CollectorRegistry = generate_latest = None

REGISTRY = CollectorRegistry() if CollectorRegistry else None
BOUNDS = (0.2, 1, 2, 5, 10, 20, 40)


def _counter(name, text, labels):
    if Counter is None:
        return None
    return Counter(name, text, labels, registry=REGISTRY)


ORDERS = _counter("courier_orders_total", "Orders by outcome", ["status", "lane"])
MODEL_COST = _counter("courier_model_cost_usd_total_by_lane", "Spent on the model", ["model", "lane"])
MAP_CALLS = _counter("courier_map_api_requests_total", "Calls of the map service", ["endpoint", "status"])
if Histogram is not None:
    DURATION = Histogram(
        "courier_order_duration_seconds", "Time per order", ["endpoint"], buckets=BOUNDS, registry=REGISTRY
    )
    QUEUE = Gauge("courier_queue_length", "Waiting orders", ["queue"], registry=REGISTRY)


def order_done(lane, status):
    """Called once per order."""
    if ORDERS is not None:
        ORDERS.labels(status=status, lane=lane).inc()


def map_call(endpoint, ok):
    MAP_CALLS.labels(endpoint, "ok" if ok else "limited").inc()


def spent(model, lane, usd):
    MODEL_COST.labels(model=model, lane=lane).inc(usd)


def page():
    for queue in ("orders", "notes"):
        QUEUE.labels(queue=queue).set(0)
    return generate_latest(REGISTRY)


def took(endpoint, seconds):
    DURATION.labels(endpoint).observe(seconds)
