async def connect(pool):
    await pool.execute(
        """
        CREATE TABLE IF NOT EXISTS member_cards (
            member_id VARCHAR(255) PRIMARY KEY,
            handle VARCHAR(255),
            card JSONB DEFAULT '{}',
            refreshed_at TIMESTAMPTZ
        )
        """
    )
