from celery import Celery

app = Celery("heron")
app.conf.update(
    task_routes={
        "heron.jobs.think.analyse": {"queue": "think"},
        "heron.jobs.fetch.*": {"queue": "fetch"},
    },
    task_acks_late=True,
)
