from alembic import context

context.configure(url="sqlite:///x.db")
