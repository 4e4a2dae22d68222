revision = "c3c3c3c3c3c3"
down_revision = "a1a1a1a1a1a1"
