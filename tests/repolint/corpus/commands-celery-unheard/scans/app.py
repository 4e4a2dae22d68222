from celery import Celery

app = Celery("scans")
app.conf.task_routes = ([("scans.jobs.read_*", {"queue": "ocr"})],)
