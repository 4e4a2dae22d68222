"""Right, however odd it is written."""

from functools import partial

import prometheus_client as prom
from prometheus_client import Counter as C
from prometheus_client import Enum as StateSet
from prometheus_client import Gauge, Info, Summary
from prometheus_client.core import REGISTRY, CounterMetricFamily, GaugeMetricFamily

from . import names
from .names import LABELS, PREFIX, Family

Histogram = getattr(prom, "Histogram")
ShopCounter = partial(C, namespace="shop", subsystem="cart")


class LabelledGauge(Gauge):
    """A gauge of our own."""


def make(kind, name, text, labels=()):
    """Makes any metric of ours."""
    return kind(f"{PREFIX}_{name}", text, labels)


def make_counter(name, labels=None):
    return make(C, name, name, labels or [])


ADDED = ShopCounter("added", "Things put into the cart", ["channel"])
MAILS = make_counter("mails_sent_total", ["template"])
WAIT = make(Histogram, "wait_seconds", "Waiting", LABELS)
PAID = prom.Histogram("paid_amount", "Money", unit="euros", namespace=PREFIX, buckets=[1, 10, 100])
BUILD = Info("shop_build", "Which build")
MOOD = StateSet("shop_mood", "Mood", states=["open", "closed"])
SIZE = Summary("shop_basket_items", "Things per basket")
DEPTH = {queue: LabelledGauge("shop_%s_depth" % queue, "Depth") for queue in names.QUEUES}
RETRIES = C(Family.RETRIES.value, "Retries", ["reason"])
for part, text in [("db", "Database"), ("cache", "Cache")]:
    Gauge("{}_{}_up".format(PREFIX, part), text)


class Stock:
    """Counts what is on the shelf when it is asked."""

    def collect(self):
        stock = GaugeMetricFamily("shop_stock_items", "On the shelf", labels=["shelf"])
        stock.add_metric(["a"], 3)
        yield stock
        yield CounterMetricFamily("shop_stock_moves", "Moved", value=3)


REGISTRY.register(Stock())


def plugin_metric(plugin):
    """A name that only the plugin knows."""
    return C(f"shop_plugin_{plugin.name}_calls_total", "Calls")


def mail(template, error=None):
    MAILS.labels(template).inc()
    if error is not None:
        RETRIES.labels(reason="timeout" if isinstance(error, TimeoutError) else "refused").inc()


def added(channel):
    ADDED.labels(channel=channel).inc()


def waited(where, seconds):
    WAIT.labels(*where).observe(seconds)
