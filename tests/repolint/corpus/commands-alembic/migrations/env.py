from alembic import context

from tariffs.settings import settings

context.configure(url=settings.tariff_dsn)
