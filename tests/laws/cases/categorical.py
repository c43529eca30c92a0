"""The transformer laws: cases of categorical."""

from laws.case import Case

CASES = {
    "choice": [Case({"choice": ["a", "b", "c"]}), Case({"choice": {"values": [1, 2], "weights": [1, 3]}}, "integer")],
    "shuffle": [Case("shuffle"), Case("shuffle", "date"), Case("shuffle", "uuid")],
}
