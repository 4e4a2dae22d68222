from alembic import op

revision = "5d20c7f1be44"
down_revision = None


def upgrade():
    op.execute(
        """
        CREATE TABLE member_cards (
            member_id TEXT PRIMARY KEY,
            handle TEXT NOT NULL,
            card JSONB NOT NULL,
            refreshed_at TIMESTAMPTZ DEFAULT now(),
            made_at TIMESTAMPTZ DEFAULT now()
        )
        """
    )
    op.execute("CREATE INDEX idx_member_cards_handle ON member_cards (handle)")
    op.execute("CREATE INDEX idx_member_cards_refreshed ON member_cards (refreshed_at DESC)")
