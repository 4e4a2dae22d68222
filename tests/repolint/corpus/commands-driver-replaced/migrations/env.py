from alembic import context

from clinic.settings import settings

context.configure(url=settings.database_url.replace("postgresql://", "postgresql+asyncpg://"))
