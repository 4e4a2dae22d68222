from celery import Celery

app = Celery("jobs")
TABLE = "CREATE TABLE jobs (id int)"
