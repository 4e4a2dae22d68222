revision = "b2b2b2b2b2b2"
down_revision = "0_first_tables"
