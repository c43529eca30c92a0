"""Understudy: stand-ins for production data."""
