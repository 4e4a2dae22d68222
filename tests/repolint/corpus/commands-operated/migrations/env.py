from alembic import context

from heron.settings import settings

context.configure(url=settings.database_url)
