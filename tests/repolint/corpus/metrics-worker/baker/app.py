from celery import Celery
from prometheus_client import make_asgi_app

celery = Celery("baker", broker="redis://redis:6379/0")
page = make_asgi_app()
