"""Parents are handed out as often as they are to be pointed at, to those that they go with."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from understudy.synth.families.counts import adjusted
from understudy.synth.families.links import Clusters, Pools, clusters_of, unique_pairs

COUNTS = st.lists(st.integers(0, 5), min_size=1, max_size=30)


@given(COUNTS, st.integers(0, 99), st.integers(1, 4))
def test_every_parent_gets_exactly_its_number_of_children(counts: list[int], seed: int, groups: int):
    rng = np.random.default_rng(seed)
    group = rng.integers(0, groups, len(counts))
    near = np.array([np.roll(np.arange(groups), -one) for one in range(groups)])
    pools = Pools(group, np.array(counts), groups, rng, near)
    wanted = rng.integers(0, groups, sum(counts))
    half = len(wanted) // 2
    taken = np.concatenate([pools.take(wanted[:half]), pools.take(wanted[half:])])
    assert np.bincount(taken, minlength=len(counts)).tolist() == counts


@given(COUNTS, st.integers(0, 99))
def test_without_others_only_rows_of_the_group_are_taken_and_none_where_it_has_none(counts: list[int], seed: int):
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 3, len(counts)) * 2
    wanted = rng.integers(-1, 6, 40)
    taken = Pools(group, np.array(counts), 6, rng, None).take(wanted)
    there = np.isin(wanted, group)
    assert (taken[~there] == -1).all()
    assert (group[taken[there]] == wanted[there]).all()


@given(st.integers(1, 12), st.integers(0, 99), st.integers(2, 30))
def test_no_owner_has_a_row_twice_unless_it_has_all(parents: int, seed: int, owners: int):
    rng = np.random.default_rng(seed)
    owner = np.sort(rng.integers(0, owners, 60))
    at = rng.integers(-1, parents, 60)
    found = unique_pairs(owner, at, np.zeros(60, np.int64), parents, rng)
    pairs = [pair for pair in zip(owner.tolist(), found.tolist(), strict=True) if pair[1] >= 0]
    assert len(set(pairs)) == len(pairs)
    lost = (found < 0) & (at >= 0)
    for one in owner[lost]:
        assert ((owner == one) & (found >= 0)).sum() == parents


def test_clusters_tell_dear_from_cheap_and_popular_from_not():
    dear = np.arange(400) % 2 == 0
    rows = pa.table({"price": np.where(dear, 100.0, 1.0), "kind": np.where(dear, "d", "c")})
    counts = np.where(np.arange(400) < 40, 50, 1)
    clusters = clusters_of(rows, ["price", "kind"], counts, 10_000, 5, 0)
    group = clusters.of(rows, counts)
    assert 2 <= clusters.count <= 20
    for one in range(clusters.count):
        assert len(set(dear[group == one].tolist())) == 1
    assert set(group[counts > 1].tolist()).isdisjoint(group[counts == 1].tolist())


def test_where_each_row_is_a_cluster_rows_beyond_those_known_fall_into_the_last():
    assert Clusters(3).of(pa.table({"a": range(5)}), np.zeros(5, np.int64)).tolist() == [0, 1, 2, 2, 2]


@given(COUNTS, st.integers(0, 200), st.integers(0, 9))
def test_counts_are_brought_to_a_total(counts: list[int], total: int, seed: int):
    rng = np.random.default_rng(seed)
    assert adjusted(np.array(counts), total, None, rng).sum() == total
    assert adjusted(np.array(counts), total, 3, rng).max(initial=0) <= 3
