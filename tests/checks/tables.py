"""Real tables as three samples, and a small world of users and their orders."""

import numpy as np
import pyarrow as pa
import pyarrow.csv

from understudy.checks.quality import judge
from understudy.schema import ForeignKey, TableName

CENSUS = """age workclass weight education years marital occupation relation race sex gain loss hours country
income""".split()

USERS, ORDERS = TableName("", "users"), TableName("", "orders")
KEY = ForeignKey("orders_user", ORDERS, ("user_id",), USERS, ("id",))


def three(table, rows, seed=5):
    """Rows to learn from, rows held out, and fresh ones that stand for a perfect synthesizer."""
    order = np.random.default_rng(seed).permutation(table.num_rows)
    return [table.take(order[start : start + rows]) for start in (0, rows, 2 * rows)]


def census(shared_data):
    path = shared_data / "tabular" / "adult_uci" / "adult-train.csv"
    return pyarrow.csv.read_csv(path, pyarrow.csv.ReadOptions(column_names=CENSUS))


def bank(shared_data):
    return pyarrow.csv.read_csv(shared_data / "tabular" / "bank_marketing" / "bank_marketing.csv.gz")


def houses(shared_data):
    return pyarrow.csv.read_csv(shared_data / "tabular" / "california_housing" / "housing.csv")


def verdicts(scores, *wanted):
    """The verdict of every Score, or of those with one of the wanted ones."""
    return {(one.check, one.subject): one.verdict for one in judge(scores) if not wanted or one.verdict in wanted}


def replaced(table, name, values):
    return table.set_column(table.schema.get_field_index(name), name, values)


def shuffled(column, seed=0):
    return column.take(np.random.default_rng(seed).permutation(len(column)))


def shop(seed, *, orphan=False, lonely=False):
    """200 users of some age, each with as many orders as years past twenty allow; or none but one user's."""
    dice = np.random.default_rng(seed)
    ids, age = np.arange(200), dice.integers(20, 60, 200)
    counts = dice.poisson((age - 18) / 8)
    owner = np.repeat(ids, counts)
    owner = np.zeros(len(owner), np.int64) if lonely else owner
    total = np.repeat(age, counts) * 2.0 + dice.normal(0, 3, len(owner))
    if orphan:
        owner[3] = 777
    return {USERS: pa.table({"id": ids, "age": age}), ORDERS: pa.table({"user_id": owner, "total": total})}
