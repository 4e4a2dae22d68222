"""What the repository makes of its database: migrations, tables, indexes."""
