"""Several tables within one budget: whose each row is, is known, bounded and accounted for in all of them together."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

pytest.importorskip("torch")

import torch

from synth.families import SHOP, Rows, collected, key, name, parents_of, schema_of, shop, whole
from understudy.errors import InputError
from understudy.interfaces import Progress
from understudy.schema import ForeignKey
from understudy.synth.families.private import WHOLE, Learning
from understudy.synth.filters import Filters
from understudy.synth.network.train import Rows as Encoded
from understudy.synth.privacy import dp_train
from understudy.synth.privacy.accounting import ORDERS, epsilon_of, gaussian, noise_for
from understudy.synth.privacy.dp_encode import Counter
from understudy.synth.privacy.dp_train import Subjects, noised, summed
from understudy.synth.privacy.noise import Chance
from understudy.synth.private import Plan, Private
from understudy.synth.tables import Tables

USERS, ORDERS_, LINES, KINDS = (name(one) for one in ("users", "orders", "lines", "kinds"))
TINY = Plan(width=24, steps=8, batch=100, views=2)
UNIQUES = {"users": [("id",)], "orders": [("id",)], "kinds": [("code",)]}
CHAIN = (*SHOP, key("lines.order_id -> orders.id"))
KIND = key("orders.kind -> kinds.code")


def chain(users: int = 300) -> Rows:
    """Users, their orders, and the lines of those, counted from 1."""
    tables = shop(users)
    orders = len(tables[ORDERS_])
    order = np.repeat(np.arange(orders), np.random.default_rng(2).integers(0, 4, orders))
    place = np.arange(len(order)) - np.searchsorted(order, order)
    tables[LINES] = pa.table({"order_id": order + 1, "line": place + 1, "price": place * 10})
    return tables


def with_kinds(users: int = 300) -> Rows:
    """Users, their orders, and the kinds of orders, which are known to everybody."""
    tables = shop(users)
    kinds = np.array(["a", "b", "c"])[np.arange(len(tables[ORDERS_])) % 3]
    tables[ORDERS_] = tables[ORDERS_].append_column("kind", pa.array(kinds))
    return tables | {KINDS: pa.table({"code": ["a", "b", "c"], "label": ["first", "second", "third"]})}


def learned(rows: Rows, keys: tuple[ForeignKey, ...], epsilon: float = 5.0, uniques=UNIQUES, **options) -> Tables:
    how = {one: options.pop(one) for one in ("tables", "public", "progress") if one in options}
    private = Private(epsilon, **{"seed": 1, "plan": TINY, **options})
    shape = schema_of(rows, keys, {one: u for one, u in uniques.items() if name(one) in rows})
    return Tables().fit(shape, lambda one: rows[one].to_reader(), private=private, **how)


@pytest.fixture(scope="module")
def a_chain() -> Tables:
    uniques = {**UNIQUES, "lines": [("order_id", "line")]}
    return learned(chain(), CHAIN, 40.0, uniques=uniques, children={"lines": 5})


def test_tables_are_made_in_their_types_and_every_key_names_a_row(a_chain: Tables):
    real, made = chain(), collected(a_chain.sample(seed=2))
    assert list(made) == [USERS, ORDERS_, LINES]
    assert all(made[one].schema == real[one].schema for one in made)
    assert whole(made, CHAIN)
    assert 200 < len(made[USERS]) < 400
    at = parents_of(made, CHAIN[1])
    assert (made[LINES]["line"].to_numpy() == 1 + np.arange(len(at)) - np.searchsorted(at, at)).all()
    at, day = parents_of(made, SHOP[0]), made[ORDERS_]["day"].cast(pa.int32()).to_numpy()
    assert (np.diff(day)[at[1:] == at[:-1]] >= 0).all()


def test_a_private_fit_comes_back_from_a_file_with_its_account(a_chain: Tables, tmp_path: Path):
    a_chain.save(tmp_path / "fit")
    again = Tables.load(tmp_path / "fit")
    assert again.privacy == a_chain.privacy
    assert collected(again.sample(seed=2)) == collected(a_chain.sample(seed=2))


def test_what_is_spent_in_all_tables_adds_up_and_keeps_to_the_budget(a_chain: Tables):
    privacy = a_chain.privacy
    columns, *networks = privacy.shares
    assert [one.what for one in networks] == ["network of users", "network of orders", "network of lines"]
    spent = gaussian(columns.noise, times=columns.times)
    for one in networks:
        spent = spent + gaussian(one.noise, times=one.times, sampled=one.sampled)
    assert privacy.epsilon == pytest.approx(epsilon_of(spent, privacy.delta - privacy.label_delta))
    assert 39 < privacy.epsilon <= 40
    told = str(privacy)
    assert (
        "one row of users with all that belongs to it, learned from at most 8 of its orders and 5 of its lines" in told
    )
    assert "NOT PRIVATE: the noise was seeded" in told


def test_every_question_to_the_rows_is_in_the_account_and_has_the_noise_of_a_whole_subject(
    monkeypatch: pytest.MonkeyPatch,
):
    asked: list[tuple[int, float, int]] = []
    counts = Counter.counts

    def noting(self: Counter, cells: np.ndarray, size: int) -> np.ndarray:
        asked.append((self.bound, self.deviation, int((cells >= 0).sum())))
        return counts(self, cells, size)

    monkeypatch.setattr(Counter, "counts", noting)
    real = shop(300)
    privacy = learned(real, SHOP, children={"orders": 3}).privacy
    columns = privacy.shares[0]
    assert len(asked) == columns.times
    assert {(bound, round(deviation / columns.noise, 6)) for bound, deviation, _ in asked} == {(1, 1.0), (3, 3.0)}
    most = np.minimum(np.bincount(parents_of(real, SHOP[0])), 3).sum()
    assert max(rows for bound, _, rows in asked if bound == 3) == most


def test_networks_are_taught_at_most_so_many_rows_of_a_subject_whichever_table_they_are_in(
    monkeypatch: pytest.MonkeyPatch,
):
    taught = noted(monkeypatch, chain(200), CHAIN, children={"orders": 2, "lines": 3})
    assert {one: who.rows.shape[1] for one, (_, _, who) in taught.items()} == {"users": 1, "orders": 2, "lines": 3}
    real = chain(200)
    user = parents_of(real, SHOP[0])[parents_of(real, CHAIN[1])]
    assert (taught["lines"][2].rows >= 0).sum() == np.minimum(np.bincount(user), 3).sum()


Taught = dict[str, tuple[torch.nn.Module, Encoded, Subjects]]


def noted(monkeypatch: pytest.MonkeyPatch, rows: Rows, keys: tuple[ForeignKey, ...], **options) -> Taught:
    """What each network of a fit would be taught, and whose each row is."""
    found: Taught = {}

    def noting(network, encoded, owner, plan, sampled, noise, subjects, bound, *rest) -> None:
        found[rest[-1]] = network, Encoded.of(encoded), Subjects(owner, bound)

    with monkeypatch.context() as patch:
        patch.setattr(dp_train, "learn", noting)
        learned(rows, keys, **options)
    return found


def with_a_canary(rows: Rows) -> Rows:
    """The last user has a hundred orders, all alike and unlike all others."""
    odd = pa.table(
        {
            **{one: rows[ORDERS_][one].slice(0, 1).take([0] * 100) for one in rows[ORDERS_].column_names},
            "id": np.arange(100_000, 100_100),
            "user_id": pa.array([rows[USERS]["id"][-1].as_py()] * 100),
            "drink": ["absinthe"] * 100,
            "price": [100_000] * 100,
        }
    )
    return rows | {ORDERS_: pa.concat_tables([rows[ORDERS_], odd.cast(rows[ORDERS_].schema)])}


def test_an_audit_of_a_step_finds_less_of_a_whole_family_than_is_claimed_and_more_where_rows_are_bounded_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
):
    from benchmarks.synth_private import told_apart

    labels = {"orders.drink": ["tea", "wine", "absinthe"]}
    rows = with_a_canary(shop(150))
    network, encoded, who = noted(monkeypatch, rows, SHOP, categories=labels, plan=Plan(width=8, views=1))["orders"]
    canary = len(rows[USERS]) - 1
    assert (who.rows[canary] >= 0).sum() == 8
    epsilon, delta, dice = 1.0, 1e-5, np.random.default_rng(0)
    plan = Plan(clip=0.1, views=1)
    deviation = plan.clip * noise_for(epsilon, delta, times=1, sampled=1.0, besides=0 * ORDERS)

    def audited(bounded: Subjects, present: list[int], absent: list[int]) -> float:
        def flat(some: list[int]) -> torch.Tensor:
            total = summed(network, encoded, bounded, np.array(some), plan, dice)
            return torch.cat([total[weight].flatten() for weight in network.parameters()]).double()

        alone = sorted(set(present) - set(absent))
        aim = torch.stack([flat(alone) for _ in range(20)]).mean(0)
        with_it, without = torch.stack([flat(present) for _ in range(40)]), torch.stack([flat(absent)] * 40)
        rows = [one[np.arange(600) % 40] @ aim for one in (with_it, without)]
        noise = [noised(torch.zeros(600), deviation * float(aim.norm()), Chance(seed)) for seed in (1, 2)]
        seen = [(one + other).numpy() for one, other in zip(rows, noise, strict=True)]
        return told_apart(seen[0], seen[1], delta)

    others = [int(np.flatnonzero((who.rows >= 0).any(1))[0])]
    assert audited(who, [*others, canary], others) <= epsilon
    every = np.arange(len(encoded.codes))
    one_by_one = Subjects(every, 1)
    its_own = who.rows[canary].tolist()
    assert audited(one_by_one, [int(who.rows[others[0]][0]), *its_own], [int(who.rows[others[0]][0])]) > epsilon


def test_what_is_learned_of_others_is_the_same_whether_a_subject_is_there_or_not(monkeypatch: pytest.MonkeyPatch):
    seen: list[dict[str, pa.Table]] = []
    rows_of = Learning._rows

    def noting(self: Learning, role, drafts):
        rows, subject = rows_of(self, role, drafts)
        seen[-1][str(role.table)] = rows.filter(pa.array(subject != 199))
        return rows, subject

    monkeypatch.setattr(Learning, "_rows", noting)
    present = with_a_canary(chain(200))
    order = parents_of(present, SHOP[0])
    absent = {
        USERS: present[USERS].slice(0, 199),
        ORDERS_: present[ORDERS_].filter(pa.array(order != 199)),
        LINES: present[LINES].filter(pa.array(order[parents_of(present, CHAIN[1])] != 199)),
    }
    for rows in (present, absent):
        seen.append({})
        noted(monkeypatch, rows, CHAIN, uniques={**UNIQUES, "lines": [("order_id", "line")]})
    assert len(present[ORDERS_]) > len(absent[ORDERS_]) + 100
    assert seen[0] == seen[1] and set(seen[0]) == {"users", "orders", "lines"}


def test_what_one_subject_alone_has_is_in_no_model_however_often_it_has_it(tmp_path: Path):
    fit = learned(with_a_canary(shop(300)), SHOP, epsilon=100.0)
    fit.save(tmp_path / "fit")
    assert b"absinthe" not in (tmp_path / "fit").read_bytes()
    made = collected(fit.sample(3.0, seed=1))
    assert "absinthe" not in made[ORDERS_]["drink"].to_pylist()
    assert {"tea", "wine"} <= set(made[ORDERS_]["drink"].to_pylist())
    assert max(made[ORDERS_]["price"].to_pylist()) < 5_000


def test_rows_that_are_public_are_kept_and_pointed_at():
    fit = learned(with_kinds(), (*SHOP, KIND), public=[KINDS])
    assert fit.kept == (KINDS,)
    assert "rows of kinds" in fit.privacy.public
    made = collected(fit.sample(seed=1))
    assert made[KINDS].equals(with_kinds()[KINDS])
    assert whole(made, (*SHOP, KIND))
    assert set(made[ORDERS_]["kind"].to_pylist()) == {"a", "b", "c"}


def test_texts_that_say_days_and_amounts_are_learned_as_that_in_every_table(tmp_path: Path):
    rows = shop(400)
    born = [f"{n % 28 + 1:02}/{n % 12 + 1:02}/{1950 + n % 40}" for n in range(len(rows[USERS]))]
    paid = [f"${n % 90 + 10}.{n % 100:02}" for n in range(len(rows[ORDERS_]))]
    rows[USERS] = rows[USERS].append_column("born", pa.array(born))
    rows[ORDERS_] = rows[ORDERS_].append_column("paid", pa.array(paid))
    fit = learned(rows, SHOP, 40.0)
    assert {"how users.born is written", "how orders.paid is written"} <= set(fit.privacy.public)
    fit.save(tmp_path / "fit")
    for one in (fit, Tables.load(tmp_path / "fit")):
        made = collected(one.sample(seed=1))
        days = [datetime.strptime(text, "%d/%m/%Y") for text in made[USERS]["born"].to_pylist()]
        assert len(set(days)) > 100 and sum(1945 < day.year < 1995 for day in days) > 0.9 * len(days)
        assert all(re.fullmatch(r"\$-?[\d,]+\.\d\d", text) for text in made[ORDERS_]["paid"].to_pylist())
        assert made[ORDERS_].schema == rows[ORDERS_].schema and whole(made, SHOP)


def test_public_rows_that_are_too_many_to_point_at_each_are_refused():
    rows = with_kinds()
    rows[KINDS] = pa.table({"code": ["a", "b", "c", *map(str, range(1_000))], "label": ["kind"] * 1_003})
    with pytest.raises(InputError, match="kinds is said to be public and has 1,003 rows"):
        learned(rows, (*SHOP, KIND), public=[KINDS])


def test_a_table_of_keys_alone_is_as_many_rows_as_its_owners_have():
    rows = shop(300)
    rows[ORDERS_] = rows[ORDERS_].select(["id", "user_id"])
    fit = learned(rows, SHOP, 40.0)
    assert [one.what for one in fit.privacy.shares] == ["columns of all tables", "network of users"]
    made = collected(fit.sample(seed=1))
    assert whole(made, SHOP) and 500 < len(made[ORDERS_]) < 1_500
    with pytest.raises(InputError, match="users has no column to learn"):
        learned({USERS: shop(300)[USERS].select(["id"])}, ())


def test_no_number_of_rows_is_told_but_through_noise():
    rows = shop(300)
    one, two = learned(rows, SHOP, seed=1), learned(rows, SHOP, seed=2)
    assert one.models[USERS].rows != two.models[USERS].rows
    assert 0 < abs(one.models[ORDERS_].rows - len(rows[ORDERS_])) < 0.5 * len(rows[ORDERS_])


def test_no_rows_of_a_child_are_made_where_none_are_wanted(a_chain: Tables):
    made = collected(a_chain.sample(rows={USERS: 20, ORDERS_: 0}))
    assert len(made[USERS]) == 20 and ORDERS_ not in made and LINES not in made


def test_a_table_without_a_row_is_learned_as_one_with_few():
    rows = shop(300)
    fit = learned(rows | {ORDERS_: rows[ORDERS_].slice(0, 0)}, SHOP)
    assert fit.models[ORDERS_].flat.encoder.context == learned(rows, SHOP).models[ORDERS_].flat.encoder.context


def test_no_loss_and_no_row_is_told_while_learning():
    said: list[tuple[str, str]] = []
    tell: Progress = lambda step, subject, done, total: said.append((step, subject))  # noqa: E731
    learned(shop(200), SHOP, progress=tell)
    assert {subject for step, subject in said} == {"users", "orders"}


def test_whole_numbers_are_read_alike_whatever_the_data():
    near, far = (WHOLE.encode(pa.array([one]))[0] for one in (3, 500))
    assert near.codes.tolist() == [3] and far.codes.tolist() == [10] and 0.2 < far.low[0] < 0.5


def self_referring() -> tuple[Rows, tuple[ForeignKey, ...]]:
    users = pa.table({"id": [1, 2, 3], "friend": pa.array([None, 1, 2])})
    return {USERS: users}, (key("users.friend -> users.id"),)


PRODUCTS = name("products")
SOLD = {**shop(20), PRODUCTS: pa.table({"code": [1, 2]})}
SOLD[ORDERS_] = SOLD[ORDERS_].append_column("product", pa.array([1] * len(SOLD[ORDERS_])))
TWO_OWNERS = (*SHOP, key("orders.product -> products.code"))
SOLD_UNIQUES = {**UNIQUES, "products": [("code",)]}


@pytest.mark.parametrize(
    ("rows", "keys", "options", "said"),
    [
        (SOLD, TWO_OWNERS, {"uniques": SOLD_UNIQUES}, "one subject would tell of another"),
        (SOLD, TWO_OWNERS, {"tables": [USERS, ORDERS_], "uniques": SOLD_UNIQUES}, "are not learned but handed in"),
        (*self_referring(), {}, "another subject may own"),
        (shop(20), SHOP, {"uniques": {}}, "id of users is not declared unique"),
        (shop(20), (), {}, "orders, users belong to nobody"),
        (shop(20), SHOP, {"public": [ORDERS_]}, "orders is said to be public, and points at rows of users"),
        (with_kinds(20), SHOP, {"public": [KINDS]}, "nothing points at it"),
        (shop(20), SHOP, {"public": [name("kind")]}, "table 'kind' does not exist"),
        (shop(20), SHOP, {"children": {"order": 3}}, "table 'order' does not exist"),
        (shop(20), SHOP, {"children": {"orders": 0}}, "fewer than 1"),
        (shop(20), SHOP, {"bounds": {"price": (0.0, 9.0)}}, "column 'price' does not exist"),
        (shop(20), SHOP, {"bounds": {"orders.day": (0.0, 9.0)}}, "column 'day' holds no numbers"),
        (shop(20), SHOP, {"subject": "city"}, "a subject is a row of users"),
        (shop(20), SHOP, {}, "too few subjects"),
    ],
)
def test_what_no_budget_bounds_is_refused_and_says_what_to_do(rows, keys, options, said):
    with pytest.raises(InputError, match=said):
        learned(rows, keys, **options)


def test_filters_do_not_look_at_rows_behind_a_budget(a_chain: Tables):
    with pytest.raises(InputError, match="nobody counts"):
        a_chain.watches(lambda one: pytest.fail("read"), Filters("medium"))
