from alembic import op
import sqlalchemy as sa

revision = "4c1d9e07aa21"
down_revision = None


def upgrade():
    op.create_table("tariffs", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.Text()))
    op.create_index("idx_tariffs_name", "tariffs", ["name"])
