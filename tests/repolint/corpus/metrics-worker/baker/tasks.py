from baker.app import celery
from baker.metrics import BAKING, LOAVES


@celery.task
def bake(kind):
    LOAVES.labels(kind=kind).inc()
    BAKING.labels(kind=kind).observe(60)
