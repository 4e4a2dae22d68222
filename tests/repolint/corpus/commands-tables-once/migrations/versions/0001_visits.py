from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.execute("""
        CREATE TABLE visits (
            id BIGSERIAL PRIMARY KEY,
            day DATE NOT NULL,
            ward INTEGER REFERENCES wards (id),
            CONSTRAINT day_is_sane CHECK (day > '2000-01-01')
        )
    """)
    op.execute("CREATE INDEX idx_visits_day ON visits (day DESC)")
