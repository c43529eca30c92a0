"""PostgreSQL: introspection, snapshot reading, loading, and a private server of our own."""
