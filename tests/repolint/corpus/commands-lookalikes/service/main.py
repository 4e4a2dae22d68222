from celery import Celery
from sqlalchemy import MetaData

metadata = MetaData(naming_convention={"uq": "uq_%(table_name)s_%(column_0_name)s", "ix": "ix_%(column_0_label)s"})
queue = Celery("service")
SCHEMA = "CREATE INDEX idx_people ON people (id)"


@queue.task
def work():
    return 1
