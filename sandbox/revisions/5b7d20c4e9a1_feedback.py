"""What users think of an analysis: only adds, so that the release before runs on."""

from alembic import op
from sqlalchemy import TIMESTAMP, BigInteger, Column, Identity, Integer, Text, func

revision = "5b7d20c4e9a1"
down_revision = "375b918c8740"


def upgrade() -> None:
    """Make the table and its index."""
    op.create_table(
        "analysis_feedback",
        Column("id", BigInteger, Identity(), primary_key=True),
        Column("match_id", Text, nullable=False),
        Column("rating", Integer, nullable=False),
        Column("created_at", TIMESTAMP(timezone=True), server_default=func.now()),
    )
    op.create_index("idx_analysis_feedback_match_id", "analysis_feedback", ["match_id"])


def downgrade() -> None:
    """Drop what the upgrade made."""
    op.drop_index("idx_analysis_feedback_match_id", "analysis_feedback")
    op.drop_table("analysis_feedback")
