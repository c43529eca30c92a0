import json

from hypothesis import given, settings
from hypothesis import strategies as st

from support.lakes import at
from understudy.lake import tree
from understudy.lake.nouns import Entry, Key

KEYS = st.builds(
    Key,
    st.sampled_from(["table", "namespace", "document"]),
    st.sampled_from(["", "shop", "hr", "größe", "a.b"]),
    st.sampled_from([f"t{number}" for number in range(60)]),
)
HELD = st.dictionaries(KEYS, st.integers(0, 3).map(at), max_size=120)


class Nodes(dict[str, bytes]):
    """What is stored, and how often nodes were asked for."""

    def __init__(self) -> None:
        super().__init__({tree.EMPTY: tree.EMPTY_DATA})
        self.read = 0

    def get_all(self, names):
        self.read += len(names)
        return {name: tree.decode(self[name]) for name in names}


def grown(nodes, held, root=tree.EMPTY):
    root, made = tree.changed(nodes.get_all, root, held)
    nodes.update(made)
    return root


@given(held=HELD, batches=st.integers(1, 7), extra=HELD, order=st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_the_shape_depends_on_the_content_alone(held, batches, extra, order):
    nodes = Nodes()
    at_once = grown(nodes, held)
    root = grown(nodes, extra)
    steps = [*held.items(), *((key, None) for key in extra if key not in held)]
    order.shuffle(steps)
    for start in range(batches):
        root = grown(nodes, dict(steps[start::batches]), root)
    assert root == at_once


@given(held=HELD)
@settings(max_examples=60)
def test_what_was_put_in_is_found_wholly_by_namespace_and_by_key(held):
    nodes = Nodes()
    root = grown(nodes, held)
    assert tree.entries(nodes.get_all, root) == held
    for namespace in ("", "shop", "hr", "größe", "a.b", "none"):
        wanted = {key: entry for key, entry in held.items() if key.namespace == namespace}
        assert tree.entries(nodes.get_all, root, namespace) == wanted
    asked = [*held, Key("table", "none", "none")]
    assert tree.find(nodes.get_all, root, asked) == held


@given(one=HELD, other=HELD)
@settings(max_examples=60)
def test_the_difference_is_that_of_two_dictionaries(one, other):
    nodes = Nodes()
    found = tree.difference(nodes.get_all, grown(nodes, one), grown(nodes, other))
    assert found == {
        key: (one.get(key), other.get(key)) for key in one.keys() | other.keys() if one.get(key) != other.get(key)
    }


@given(held=HELD)
@settings(max_examples=30)
def test_a_node_is_read_back_as_it_was_and_its_name_is_its_content(held):
    nodes = Nodes()
    grown(nodes, held)
    for name, data in nodes.items():
        assert tree.name_of(data) == name
        assert tree.encode(tree.decode(data)) == data


def test_taking_everything_away_leaves_the_empty_tree():
    nodes = Nodes()
    held = {Key("table", "shop", f"t{number}"): at(1) for number in range(100)}
    root = grown(nodes, held)
    assert grown(nodes, dict.fromkeys(held), root) == tree.EMPTY


def test_a_change_in_ten_thousand_tables_writes_and_compares_a_few_nodes():
    nodes = Nodes()
    held = {Key("table", f"n{number % 50}", f"t{number}"): at(1) for number in range(10_000)}
    root = grown(nodes, held)
    nodes.read = 0
    after, made = tree.changed(nodes.get_all, root, {Key("table", "n7", "t57"): at(2)})
    assert nodes.read < 8
    assert len(made) < 8
    nodes.update(made)
    nodes.read = 0
    assert list(tree.difference(nodes.get_all, root, after)) == [Key("table", "n7", "t57")]
    assert nodes.read < 20


def test_a_leaf_is_stored_as_json_that_any_language_reads():
    entry = Entry("u", "/m.json", snapshot=2**62, schema=3, rows=None, external=True)
    data = tree.encode(tree.Leaf({Key("table", "shop", "orders"): entry}))
    assert json.loads(data) == {
        "entries": [["table", "shop", "orders", "u", "/m.json", 4611686018427387904, 3, None, True]]
    }
