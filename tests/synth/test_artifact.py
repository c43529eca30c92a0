"""A saved fit: the same rows after it is loaded, and no row in it."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

pytest.importorskip("torch")

from synth.tables import SHORT, people, rows_of
from understudy.errors import InputError
from understudy.synth.flat import Flat


def test_a_loaded_fit_makes_the_rows_of_the_saved_one(tmp_path: Path) -> None:
    flat = Flat(SHORT).fit(None, people())
    flat.save(tmp_path / "people.safetensors")
    loaded = Flat.load(tmp_path / "people.safetensors")
    assert rows_of(loaded.sample(200, seed=4)).equals(rows_of(flat.sample(200, seed=4)))
    assert loaded.learned == flat.learned
    assert sorted(path.name for path in tmp_path.iterdir()) == ["people.safetensors"]


def test_values_that_few_rows_have_are_not_in_the_file(tmp_path: Path) -> None:
    table = people()
    secrets = ["Wolfenbuettel-Ahlum", "Quakenbrueck"]
    city = secrets + table["city"].to_pylist()[2:]
    names = [f"Person Number{n}" for n in range(600)]
    table = table.set_column(0, "city", pa.array(city)).append_column("name", pa.array(names))
    path = tmp_path / "fit"
    Flat(SHORT).fit(None, table).save(path)
    content = path.read_bytes()
    for secret in (*secrets, *names):
        assert secret.encode() not in content
    for wage in table["wage"].to_pylist():
        assert str(wage).encode() + b"," not in content


def test_what_is_no_fit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fit"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match="cannot be read"):
        Flat.load(path)
    with pytest.raises(InputError, match="cannot be read"):
        Flat.load(tmp_path / "missing")
