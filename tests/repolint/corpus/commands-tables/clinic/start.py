SCHEMA = """
CREATE TABLE IF NOT EXISTS visits (
    id BIGSERIAL PRIMARY KEY,
    day DATE,
    ward INTEGER,
    note TEXT
);
CREATE INDEX IF NOT EXISTS idx_visits_on_day ON visits (day);
"""
