"""The rating is called score, and has a reason: the release before can't use it."""

from alembic import op
from sqlalchemy import Column, Text

revision = "c81f6e3b02d7"
down_revision = "5b7d20c4e9a1"


def upgrade() -> None:
    """Rename the one column, add the other."""
    op.alter_column("analysis_feedback", "rating", new_column_name="score")
    op.add_column("analysis_feedback", Column("reason", Text))


def downgrade() -> None:
    """Back, without the reasons."""
    op.drop_column("analysis_feedback", "reason")
    op.alter_column("analysis_feedback", "score", new_column_name="rating")
