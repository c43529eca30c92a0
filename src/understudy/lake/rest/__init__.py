"""The lake for every engine: an Iceberg REST catalog in which a branch is a warehouse, and references over HTTP.

``serve`` runs it; ``app`` is the Starlette application.  It needs the extra ``understudy[server]``.
"""

from understudy.lake.rest.auth import Tokens, new_token
from understudy.lake.rest.server import app, serve

__all__ = ["Tokens", "app", "new_token", "serve"]
