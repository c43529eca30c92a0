"""What a GPU does otherwise than a processor: it plays recorded steps, with its own chance, in fewer bits."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

torch = pytest.importorskip("torch")
if not torch.cuda.is_available():
    pytest.skip("there is no GPU here", allow_module_level=True)

from synth.tables import people  # noqa: E402
from understudy.synth.flat import Flat  # noqa: E402
from understudy.synth.network.effort import Budget  # noqa: E402
from understudy.synth.network.step import Recorded  # noqa: E402


def fitted(device: str = "cuda") -> Flat:
    return Flat(Budget(10_000, 64, 100_000), seed=3, device=device).fit(None, people())


def rows(model: Flat, **more: object) -> pa.Table:
    return pa.Table.from_batches(model.sample(500, seed=1, **more))  # type: ignore[arg-type]


def test_a_recorded_call_is_of_what_it_is_given_each_time_with_fresh_chance() -> None:
    call = Recorded(lambda one: one + torch.rand(2, device="cuda"), torch.zeros(2, device="cuda"))
    found = [call(torch.full((2,), float(at), device="cuda")).clone() for at in range(10)]
    assert [one.floor().tolist() for one in found] == [[at, at] for at in range(10)]
    assert len({tuple((one % 1).tolist()) for one in found}) == 10


def test_the_same_seed_teaches_the_same_network_and_makes_the_same_rows() -> None:
    one, other = fitted(), fitted()
    assert all(torch.equal(a, b) for a, b in zip(one.network.parameters(), other.network.parameters(), strict=True))
    assert rows(one).equals(rows(other))


def test_as_much_is_learned_as_on_a_processor() -> None:
    assert fitted().learned.held_loss == pytest.approx(fitted("cpu").learned.held_loss, rel=0.05)


def test_chance_of_others_is_left_alone() -> None:
    torch.cuda.manual_seed(5)
    expected = torch.rand(3, device="cuda")
    torch.cuda.manual_seed(5)
    fitted()
    assert torch.equal(torch.rand(3, device="cuda"), expected)


def test_what_was_learned_on_a_gpu_is_used_without_one(tmp_path: Path) -> None:
    model, given = fitted(), people().select(["city"]).slice(0, 500)
    model.save(tmp_path / "people.model")
    again = Flat.load(tmp_path / "people.model", device="cpu")
    assert again.log_prob(people()).mean() == pytest.approx(model.log_prob(people()).mean(), rel=0.01)
    assert rows(again, given=given)["city"].equals(rows(model, given=given)["city"]) and len(rows(again)) == 500
