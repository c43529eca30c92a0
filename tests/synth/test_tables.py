"""Several tables made together: whatever the shape of their keys, every key names a row that is there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pytest

pytest.importorskip("torch")

from hypothesis import given, settings
from hypothesis import strategies as st

from synth.families import MORE, SHOP, TINY, Rows, collected, key, name, parents_of, schema_of, shop, whole
from understudy.errors import InputError
from understudy.schema import ForeignKey, Schema
from understudy.synth.families.gather import NONE
from understudy.synth.families.order import planned
from understudy.synth.tables import Tables

USERS, ORDERS = name("users"), name("orders")
RNG = np.random.default_rng(5)


def learned(rows: Rows, keys: tuple[ForeignKey, ...], uniques=None, effort=TINY, **options) -> Tables:
    return Tables(effort).fit(schema_of(rows, keys, uniques), lambda one: rows[one].to_reader(), **options)


@pytest.fixture(scope="module")
def a_shop() -> Tables:
    return learned(shop(), SHOP, effort=MORE)


@pytest.fixture(scope="module")
def made(a_shop: Tables) -> Rows:
    return collected(a_shop.sample(seed=1))


def test_parents_come_first_in_the_tables_own_types_and_every_key_names_a_row(made: Rows):
    real = shop()
    assert list(made) == [USERS, ORDERS]
    assert all(made[one].schema == real[one].schema for one in made)
    assert whole(made, SHOP)
    assert pc.count_distinct(made[ORDERS]["id"]).as_py() == len(made[ORDERS])


def test_children_are_in_the_order_of_their_days(made: Rows):
    at = parents_of(made, SHOP[0])
    days = made[ORDERS]["day"].cast(pa.int32()).to_numpy()
    same = at[1:] == at[:-1]
    assert (np.diff(days)[same] >= 0).all()
    assert np.mean(np.diff(days)[same] == 3) > 0.8


def test_how_many_children_and_what_they_are_goes_with_the_parent(made: Rows):
    at = parents_of(made, SHOP[0])
    bonn = pc.equal(made[USERS]["city"], "Bonn").to_numpy()
    count = np.bincount(at, minlength=len(bonn))
    assert count[bonn].mean() > count[~bonn].mean() + 0.8
    tea = pc.equal(made[ORDERS]["drink"], "tea").to_numpy()
    assert (tea == bonn[at]).mean() > 0.9


def test_what_is_carried_over_from_child_to_child_is_carried_over(made: Rows):
    at = parents_of(made, SHOP[0])
    size = made[ORDERS]["size"].to_numpy()
    same = at[1:] == at[:-1]
    assert (size[1:] == size[:-1])[same].mean() > 0.6


def test_the_same_seed_makes_the_same_rows_and_another_does_not(a_shop: Tables, made: Rows):
    assert collected(a_shop.sample(seed=1)) == made
    assert collected(a_shop.sample(seed=2)) != made


def test_a_fit_that_was_saved_makes_the_same_rows_and_holds_none(a_shop: Tables, made: Rows, tmp_path: Path):
    a_shop.save(tmp_path / "fit")
    assert collected(Tables.load(tmp_path / "fit").sample(seed=1)) == made
    with pytest.raises(InputError, match="cannot be read"):
        Tables.load(Path(__file__))


def test_a_saved_fit_has_no_value_that_few_rows_have(tmp_path: Path):
    tables = shop(100)
    mails = [f"{word}@example.org" for word in ["Planted", *(f"user{one}" for one in range(99))]]
    tables[USERS] = tables[USERS].append_column("mail", pa.array(mails))
    sizes = tables[ORDERS]["size"].to_pylist()
    sizes[5] = "PLANTED-SIZE"
    place = tables[ORDERS].schema.get_field_index("size")
    tables[ORDERS] = tables[ORDERS].set_column(place, "size", pa.array(sizes))
    learned(tables, SHOP).save(tmp_path / "fit")
    written = (tmp_path / "fit").read_bytes()
    assert b"planted" not in written.lower()


def test_as_many_rows_of_a_child_as_are_asked_for(a_shop: Tables):
    many = collected(a_shop.sample(rows={ORDERS: 2_000}, seed=3))
    assert len(many[ORDERS]) == 2_000
    assert 500 < len(many[USERS]) < 900
    fixed = collected(a_shop.sample(rows={USERS: 50, ORDERS: 77}, seed=3))
    assert (len(fixed[USERS]), len(fixed[ORDERS])) == (50, 77)


def test_parents_given_in_part_have_the_children_that_are_said(a_shop: Tables):
    seeds = pa.table({"city": ["Lyon"] * 6, "orders.user_id rows": [0, 1, 2, 3, 4, 5]})
    some = collected(a_shop.sample(given={USERS: seeds}))
    assert some[USERS]["city"].to_pylist() == ["Lyon"] * 6
    assert np.bincount(parents_of(some, SHOP[0]), minlength=6).tolist() == [0, 1, 2, 3, 4, 5]


def test_parents_that_are_there_keep_their_keys_and_are_not_made_again():
    tables = shop()
    fit = learned(tables, SHOP, tables=[ORDERS])
    assert fit.needed == (USERS,)
    masked = pa.table({"id": np.arange(40) * 11, "city": ["Bonn", "Lyon"] * 20})
    some = collected(fit.sample(given={USERS: masked}))
    assert list(some) == [ORDERS]
    assert set(some[ORDERS]["user_id"].to_pylist()) <= set(masked["id"].to_pylist())
    with pytest.raises(InputError, match="users is not made, and its rows were not given"):
        collected(fit.sample())


def test_rows_without_a_parent_stay_without_one_as_often():
    tables = shop(lonely=0.3)
    some = collected(learned(tables, SHOP).sample())
    assert whole(some, SHOP)
    share = (parents_of(some, SHOP[0]) == NONE).mean()
    assert share == pytest.approx((parents_of(tables, SHOP[0]) == NONE).mean(), abs=0.05)


def test_a_chain_of_three_tables_with_a_composite_key_and_counted_lines():
    tables = shop(200)
    orders = len(tables[ORDERS])
    lines = np.repeat(np.arange(orders), RNG.integers(0, 4, orders))
    place = np.concatenate([np.arange(one) for one in np.bincount(lines, minlength=orders)])
    parts = np.repeat(np.arange(len(lines)), RNG.integers(0, 3, len(lines)))
    tables[name("lines")] = pa.table(
        {"order_id": lines + 1, "line": place + 1, "price": RNG.integers(0, 500, len(lines))}
    )
    tables[name("parts")] = pa.table(
        {"order_id": (lines + 1)[parts], "line": (place + 1)[parts], "weight": RNG.normal(size=len(parts))}
    )
    keys = (*SHOP, key("lines.order_id -> orders.id"), key("parts.order_id,line -> lines.order_id,line"))
    some = collected(learned(tables, keys, {"lines": [("order_id", "line")], "orders": [("id",)]}).sample())
    assert whole(some, keys)
    at = parents_of(some, keys[1])
    first = np.concatenate([[True], at[1:] != at[:-1]])
    assert (some[name("lines")]["line"].to_numpy()[first] == 1).all()
    assert len(some[name("lines")].group_by(["order_id", "line"]).aggregate([])) == len(some[name("lines")])


def test_a_second_key_keeps_the_number_of_its_parents_rows_and_who_goes_with_whom():
    dear = np.arange(200) % 2 == 0
    tables = shop(400)
    from_bonn = tables[USERS]["city"].to_numpy()[parents_of(tables, SHOP[0])] == "Bonn"
    item = 2 * RNG.integers(0, 100, len(from_bonn)) + ~from_bonn
    items = name("items")
    tables[items] = pa.table({"code": np.arange(200) + 5_000, "dear": np.where(dear, "dear", "cheap")})
    tables[ORDERS] = tables[ORDERS].append_column("item", pa.array(item + 5_000))
    keys = (*SHOP, key("orders.item -> items.code"))
    some = collected(learned(tables, keys, effort=MORE, tables=list(tables)).sample())
    assert whole(some, keys)
    real, own = (np.bincount(parents_of(one, keys[1]), minlength=200) for one in (tables, some))
    assert max(abs((real <= n).mean() - (own <= n).mean()) for n in range(30)) < 0.15
    at, who = parents_of(some, keys[1]), parents_of(some, keys[0])
    is_dear = some[items]["dear"].to_numpy()[at] == "dear"
    assert (is_dear == (some[USERS]["city"].to_numpy()[who] == "Bonn")).mean() > 0.65


def test_children_in_two_tables_go_together_though_nothing_of_their_parent_says_so():
    rng = np.random.default_rng(0)
    rich, visits = rng.normal(0, 1, 1_500), name("visits")
    one, two = np.repeat(np.arange(1_500), 3), np.repeat(np.arange(1_500), 2)
    tables = {
        USERS: pa.table({"id": np.arange(1_500)}),
        ORDERS: pa.table({"user": one, "paid": np.round(100 + 30 * rich[one] + rng.normal(0, 5, len(one)))}),
        visits: pa.table({"user": two, "minutes": np.round(60 + 20 * rich[two] + rng.normal(0, 4, len(two)))}),
    }
    keys = (key("orders.user -> users.id"), key("visits.user -> users.id"))

    def together(rows: Rows) -> float:
        found = []
        for table, edge, column in ((ORDERS, keys[0], "paid"), (visits, keys[1], "minutes")):
            at, values = parents_of(rows, edge), rows[table][column].to_numpy()
            found.append(np.bincount(at, values) / np.bincount(at))
        return float(np.corrcoef(found)[0, 1])

    assert together(tables) > 0.95
    assert together(collected(learned(tables, keys, effort=MORE).sample())) > 0.6, "by themselves it would be 0"


def test_pairs_that_are_unique_stay_unique():
    films, actors = 60, 40
    pairs = np.array([(f, a) for f in range(films) for a in RNG.permutation(actors)[: RNG.integers(1, 9)]])
    tables = {
        name("films"): pa.table({"id": np.arange(films), "year": RNG.integers(1950, 2020, films)}),
        name("actors"): pa.table({"id": np.arange(actors), "age": RNG.integers(20, 80, actors)}),
        name("cast"): pa.table({"film": pairs[:, 0], "actor": pairs[:, 1]}),
    }
    keys = (key("cast.film -> films.id"), key("cast.actor -> actors.id"))
    some = collected(learned(tables, keys, {"cast": [("film", "actor")]}, tables=list(tables)).sample(3.0))
    assert whole(some, keys)
    cast = some[name("cast")]
    assert len(cast) > 2 * len(pairs) and len(cast.group_by(["film", "actor"]).aggregate([])) == len(cast)


def test_rows_that_point_at_their_own_table_never_go_in_circles():
    boss = np.array([-1, *(RNG.integers(0, max(one // 3, 1)) for one in range(1, 200))])
    staff = {name("staff"): pa.table({"id": np.arange(200), "boss": pa.array(boss, mask=boss < 0), "pay": -boss})}
    keys = (key("staff.boss -> staff.id"),)
    some = collected(learned(staff, keys).sample(2.0))
    assert whole(some, keys)
    at = parents_of(some, keys[0])
    assert (at >= 0).mean() > 0.8
    for _ in range(60):
        at = np.where(at >= 0, at[at], at)
    assert (at < 0).all()


def test_a_cycle_is_broken_at_its_optional_key_and_filled_in_later():
    teams, people = 30, 300
    member = RNG.integers(0, teams, people)
    tables = {
        name("teams"): pa.table(
            {
                "id": np.arange(teams),
                "lead": pa.array(
                    [int(np.flatnonzero(member == t)[0]) for t in range(teams)], mask=np.arange(teams) > 24
                ),
            }
        ),
        name("people"): pa.table({"id": np.arange(people), "team": member, "age": RNG.integers(20, 60, people)}),
    }
    keys = (key("teams.lead -> people.id"), key("people.team -> teams.id"))
    fit = learned(tables, keys, tables=list(tables))
    assert [key.id for role in fit.plan.roles for key in role.late] == ["teams.lead"]
    some = collected(fit.sample())
    assert whole(some, keys)
    lead = parents_of(some, keys[0])
    assert (lead >= 0).sum() > 10
    assert (parents_of(some, keys[1])[lead[lead >= 0]] == np.flatnonzero(lead >= 0)).mean() >= 0.0


def test_cycles_of_keys_that_may_not_be_null_are_refused():
    tables = {
        name("a"): pa.table({"id": [1, 2], "b": [1, 2]}),
        name("b"): pa.table({"id": [1, 2], "a": [1, 2]}),
    }
    with pytest.raises(InputError, match="a, b need one another"):
        planned(schema_of(tables, (key("a.b -> b.id"), key("b.a -> a.id"))), list(tables), {})
    own = {name("a"): pa.table({"id": [1, 2], "up": [1, 1]})}
    with pytest.raises(InputError, match="needs another by"):
        planned(schema_of(own, (key("a.up -> a.id"),)), list(own), {})


def test_lookups_are_copied_and_others_can_be_given_instead():
    tables = shop(400)
    kinds = pa.table({"code": ["a", "b", "c"], "label": ["first", "second", "third"]})
    tables[name("kinds")] = kinds
    kind = np.array(["a", "b", "c"])[RNG.choice(3, len(tables[ORDERS]), p=[0.7, 0.2, 0.1])]
    tables[ORDERS] = tables[ORDERS].append_column("kind", pa.array(kind))
    keys = (*SHOP, key("orders.kind -> kinds.code"))
    fit = learned(tables, keys, effort=MORE)
    assert fit.kept == (name("kinds"),)
    some = collected(fit.sample())
    assert some[name("kinds")].equals(kinds)
    assert np.mean(np.array(some[ORDERS]["kind"].to_pylist()) == "a") == pytest.approx(0.7, abs=0.1)
    other = pa.table({"code": ["x", "y", "z"], "label": ["first", "second", "third"]})
    some = collected(fit.sample(given={name("kinds"): other}))
    assert name("kinds") not in some and set(some[ORDERS]["kind"].to_pylist()) <= {"x", "y", "z"}


def test_what_is_sent_after_what_was_ordered_is_sent_soon_after_it():
    tables = shop()
    days = tables[ORDERS]["day"].cast(pa.int32()).to_numpy()
    sent = pa.array(days + 1 + np.arange(len(days)) % 5, pa.int32(), mask=np.arange(len(days)) % 10 == 0)
    tables[ORDERS] = tables[ORDERS].append_column("sent", sent.cast(pa.date32()))
    fit = learned(tables, SHOP, {"users": [("id",)], "orders": [("id",)]}, effort=MORE)
    assert fit.models[ORDERS].habits.since == (("sent", "day"),)
    made = collected(fit.sample(seed=1))[ORDERS]
    assert made.schema == tables[ORDERS].schema
    after = pc.subtract(made["sent"].cast(pa.int32()), made["day"].cast(pa.int32()))
    assert 0.05 < after.null_count / len(made) < 0.2
    assert pc.min_max(after).as_py() == {"min": 1, "max": 5}


def test_moments_that_are_known_by_their_steps_stay_in_whole_minutes():
    tables = shop()
    at, day = parents_of(tables, SHOP[0]), tables[ORDERS]["day"].cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    minutes = pa.array(day + 60_000_000 * (37 * np.arange(len(at)) % 1_440), pa.timestamp("us"))
    tables[ORDERS] = tables[ORDERS].drop_columns("day").append_column("begun", minutes)
    fit = learned(tables, SHOP, {"users": [("id",)], "orders": [("id",)]})
    habits = fit.models[ORDERS].habits
    assert habits.steps == ("begun",) and habits.units == ((60_000_000, 0),)
    begun = collected(fit.sample(seed=1))[ORDERS]["begun"].cast(pa.int64()).to_numpy()
    assert len(np.unique(begun)) > 100 and not (begun % 60_000_000).any()


def test_columns_that_repeat_one_of_a_row_pointed_at_are_not_learned_but_repeated(tmp_path: Path):
    tables = shop()
    kinds = pa.table({"code": [f"k{n}" for n in range(40)], "price": [float(7 * n % 97) for n in range(40)]})
    at, kind = parents_of(tables, SHOP[0]), np.arange(len(tables[ORDERS])) % 40
    cities = tables[USERS]["city"].take(pa.array(at))
    once = cities.to_pylist()
    once[::50] = ["elsewhere"] * len(once[::50])  # one row in fifty: not always the owner's
    orders = tables[ORDERS].append_column("kind", kinds["code"].take(pa.array(kind))).append_column("town", cities)
    orders = orders.append_column("cost", kinds["price"].take(pa.array(kind))).append_column("sent", pa.array(once))
    tables |= {ORDERS: orders, name("kinds"): kinds}
    keys = (*SHOP, key("orders.kind -> kinds.code"))
    fit = learned(tables, keys, {"users": [("id",)], "orders": [("id",)], "kinds": [("code",)]})
    assert fit.carried[ORDERS] == {keys[0]: (("town", "city"),), keys[1]: (("cost", "price"),)}
    assert "sent" in fit.models[ORDERS].values and not {"town", "cost"} & set(fit.models[ORDERS].values)
    fit.save(tmp_path / "fit")
    made = collected(Tables.load(tmp_path / "fit").sample(seed=2, given={name("kinds"): kinds}))[ORDERS]
    users = collected(fit.sample(seed=2))[USERS]
    assert made["cost"].to_pylist() == [float(7 * int(code[1:]) % 97) for code in made["kind"].to_pylist()]
    assert made["town"].equals(users["city"].take(pa.array(parents_of({USERS: users, ORDERS: made}, SHOP[0]))))


def test_tables_of_few_rows_are_copied_in_circles_too_and_point_at_made_rows():
    tables, staff, stores = shop(), name("staff"), name("stores")
    tables[staff] = pa.table({"id": [1, 2, 3], "store": ["N", "S", "N"], "lives_with": [7, 7, None]})
    tables[stores] = pa.table({"code": ["N", "S"], "head": [1, 2]})
    at = np.arange(len(tables[ORDERS])) % 2
    tables[ORDERS] = tables[ORDERS].append_column("store", pa.array(np.array(["N", "S"])[at]))
    circle = (key("staff.store -> stores.code"), key("stores.head -> staff.id"))
    keys = (*SHOP, *circle, key("orders.store -> stores.code"), key("staff.lives_with -> users.id"))
    uniques = {"users": [("id",)], "orders": [("id",)], "staff": [("id",)], "stores": [("code",)]}
    fit = learned(tables, keys, uniques)
    assert set(fit.kept) == {staff, stores}
    seen = []
    for seed in range(4):
        made = collected(fit.sample(seed=seed))
        assert whole(made, keys) and made[stores].equals(tables[stores])
        assert made[staff].drop_columns("lives_with").equals(tables[staff].drop_columns("lives_with"))
        first, second, third = made[staff]["lives_with"].to_pylist()
        assert first == second is not None and third is None
        seen.append(first)
    assert len(set(seen)) > 1, "whom they live with is made, too"
    few = {staff: tables[staff].drop_columns("lives_with"), stores: tables[stores]}
    with pytest.raises(InputError, match="none of these tables has the 20 rows"):
        learned(few, circle, {"staff": [("id",)], "stores": [("code",)]})


def test_a_kept_row_that_others_name_by_what_it_points_at_is_refused():
    tables = shop()
    tables[name("vips")] = pa.table({"user": [1, 2, 3], "rank": [1, 2, 3]})
    tables[ORDERS] = tables[ORDERS].append_column("vip", pa.array(np.arange(len(tables[ORDERS])) % 3 + 1))
    keys = (*SHOP, key("vips.user -> users.id"), key("orders.vip -> vips.user"))
    with pytest.raises(InputError, match="vips has too few rows to be learned, and cannot be copied either: its user"):
        learned(tables, keys, {"users": [("id",)], "orders": [("id",)], "vips": [("user",)]})


def test_rows_of_another_tenant_are_never_pointed_at():
    tenants, per = 25, 12
    ids = np.arange(tenants * per)
    tables = {
        name("tenants"): pa.table({"id": np.arange(tenants), "size": RNG.integers(1, 9, tenants)}),
        name("products"): pa.table({"tenant": ids // per, "id": ids, "price": RNG.integers(1, 99, len(ids))}),
        name("sales"): pa.table(
            {"tenant": np.repeat(np.arange(tenants), 20), "product": np.repeat(np.arange(tenants), 20) * per + 3}
        ),
    }
    keys = (
        key("products.tenant -> tenants.id"),
        key("sales.tenant,product -> products.tenant,id"),
        key("sales.tenant -> tenants.id"),
    )
    some = collected(learned(tables, keys, tables=list(tables)).sample())
    assert whole(some, keys)


def test_a_polymorphic_key_and_a_table_that_does_not_exist_are_refused():
    odd = ForeignKey("odd", ORDERS, ("user_id",), USERS, ("id",), condition="owner_type = 'User'")
    with pytest.raises(InputError, match="not a plain foreign key"):
        learned(shop(), (odd,))
    with pytest.raises(InputError, match="does not exist"):
        learned(shop(), SHOP, tables=[name("user")])
    with pytest.raises(InputError, match="learned nothing"):
        Tables().sample()


@settings(max_examples=3, deadline=None)
@given(st.data())
def test_whatever_the_schema_every_key_names_a_row_that_is_there(data: st.DataObject):
    """Three tables with keys in any direction, composite or optional, to others or themselves."""
    count = 3
    rng = np.random.default_rng(data.draw(st.integers(0, 1_000)))
    sizes = [data.draw(st.sampled_from([30, 60])) for _ in range(count)]
    tables: Rows = {}
    keys: list[ForeignKey] = []
    for one in range(count):
        columns = {"id": pa.array(np.arange(sizes[one]) + 100), "x": pa.array(rng.normal(size=sizes[one]))}
        for other in range(count):
            if not data.draw(st.booleans()):
                continue
            forced = other < one and data.draw(st.booleans())
            at = rng.integers(0, sizes[other], sizes[one])
            gone = np.zeros(sizes[one], bool) if forced else rng.random(sizes[one]) < 0.3
            if other == one:
                at, gone = np.maximum(np.arange(sizes[one]) - 1 - at % 3, 0), gone | (np.arange(sizes[one]) == 0)
            columns[f"t{other}"] = pa.array(at + 100, mask=gone)
            keys.append(key(f"t{one}.t{other} -> t{other}.id"))
        tables[name(f"t{one}")] = pa.table(columns)
    some = collected(learned(tables, tuple(keys), tables=list(tables)).sample(seed=1))
    assert whole(some, [one for one in keys if one.table in some and one.parent in some])


def test_baseball_hangs_together_as_it_does(shared_data: Path):
    folder = shared_data / "relational" / "baseball"
    players = pyarrow.csv.read_csv(folder / "players.csv.gz").slice(0, 700).drop_columns(["nameFirst", "nameLast"])
    batting = pyarrow.csv.read_csv(folder / "batting.csv.gz").select(["players_id", "year", "team", "G", "H"])
    batting = batting.filter(pc.is_in(batting["players_id"], players["id"].combine_chunks()))
    tables = {name("players"): players, name("batting"): batting}
    keys = (key("batting.players_id -> players.id"),)
    fit = Tables(MORE).fit(schema_of(tables, keys), lambda one: tables[one].to_reader())
    habits = fit.models[name("batting")].habits
    assert habits.order == "year" and habits.steps == ("year",) and habits.same == ("team",)
    some = collected(fit.sample())
    assert whole(some, keys)
    real, own = (np.bincount(parents_of(one, keys[0]), minlength=700) for one in (tables, some))
    up = np.arange(40)
    assert max(abs((real <= n).mean() - (own <= n).mean()) for n in up) < 0.12
    at, year = parents_of(some, keys[0]), some[name("batting")]["year"].to_numpy()
    assert (np.diff(year)[at[1:] == at[:-1]] >= 0).all()


def test_a_schema_of_one_table_is_learned_too():
    tables = {USERS: shop()[USERS]}
    fit = Tables(TINY).fit(Schema(schema_of(tables, ()).tables), lambda one: tables[one].to_reader())
    assert len(collected(fit.sample(0.5))[USERS]) == 150
