"""The service's database: its revision against the Alembic scripts, its tables and indexes, and who blocks whom.

`model.Schema` · `postgres.PostgresSchema` · `revisions.AlembicScripts`.
"""
