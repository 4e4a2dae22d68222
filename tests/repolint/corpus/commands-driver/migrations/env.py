from alembic import context

from clinic.settings import settings

# The service itself speaks asyncpg; revisions are written by hand.
context.configure(url=settings.database_url)
