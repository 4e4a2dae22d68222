"""Where events are kept: the database, the spool beside it, news, verification and copies."""
