"""Entities: what personal values look like (patterns, checksums), shared by detection, masking and checks; no I/O."""
