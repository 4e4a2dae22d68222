from celery import Celery
from kombu import Queue

app = Celery("scans")
app.conf.task_queues = (Queue("celery"), Queue("thumbs"))
