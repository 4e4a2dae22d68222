from celery import Celery

app = Celery("mailroom", broker="redis://localhost/0")
app.conf.update(
    task_routes={
        "mailroom.tasks.send_letter": {"queue": "letters"},
        "mailroom.tasks.send_bulk": "bulk",
        "mailroom.stamp": {"queue": "letters"},
    },
)
