"""The profiles of users."""

from alembic import op
from sqlalchemy import TIMESTAMP, Column, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB

revision = "375b918c8740"
down_revision = None


def upgrade() -> None:
    """Make the table and both of its indexes."""
    op.create_table(
        "user_profiles",
        Column("discord_user_id", Text, primary_key=True),
        Column("puuid", Text, nullable=False),
        Column("profile_data", JSONB, nullable=False),
        Column("last_updated", TIMESTAMP(timezone=True), server_default=func.now()),
        Column("created_at", TIMESTAMP(timezone=True), server_default=func.now()),
    )
    op.create_index("idx_user_profiles_puuid", "user_profiles", ["puuid"])
    op.create_index("idx_user_profiles_last_updated", "user_profiles", [text("last_updated DESC")])


def downgrade() -> None:
    """Drop what the upgrade made."""
    op.drop_index("idx_user_profiles_last_updated", "user_profiles")
    op.drop_index("idx_user_profiles_puuid", "user_profiles")
    op.drop_table("user_profiles")
