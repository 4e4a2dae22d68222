revision = "9a9a9a9a9a9a"
down_revision = "8b8b8b8b8b8b"
