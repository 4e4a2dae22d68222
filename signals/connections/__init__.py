"""How everything outside is reached: one way to open each kind of connection from its settings.

Passwords and their files, prefixes, TLS and timeouts are handled here and nowhere else; each module says what it raises.
`http.HttpClient` · `redis.open_redis`, `redis.answered` · `broker.open_broker`, `broker.broker_error` ·
`postgres.read_address`, `postgres.connect` · `credentials.read_secret` · `breaker.Breaker`, `breaker.Notice`.
"""
