"""Rows from a schema and a description in plain words, written by a language model; optional, and asked for by name.

``endpoint`` talks to a server, ``asking`` words a request, ``answers`` finds rows in what comes back, ``values`` turns
JSON into a column's values, ``ruling`` refuses rows that break a rule, ``linking`` assigns keys, ``rows`` is all of it.
What is sent: names, types, comments and constraints of the tables, the description, and rows made before.  Rows of
anybody's data are sent only where the caller hands them in as ``examples``, and should then be masked.
"""

from understudy.synth.described.endpoint import Endpoint
from understudy.synth.described.rows import Accept, Budget, Counts, Described

__all__ = ["Accept", "Budget", "Counts", "Described", "Endpoint"]
