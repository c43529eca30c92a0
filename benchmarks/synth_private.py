"""What privacy costs, and whether it holds: `python -m benchmarks.synth_private [utility] [steps] [fits] [audit]`.

`--epsilons` are 1,3,10 unless given.

`utility`: the census extract learned within a budget (delta 1e-5), on one thread, by counts of columns (`marginals`)
and by noisy gradients (`flat`).  `shape`, `trend`: how alike distributions are; `c2st`: 1 where trees cannot tell made
rows from real ones; `mle`: the AUC on real rows of trees learned from made ones; CPU seconds of the fit.

`steps`: a lower bound on epsilon of one noisy gradient, from many trials with and without one row, by what an attacker
who sees the gradient can tell (Nasr and others, 2023): both error rates are bounded at 95 % (Clopper and Pearson,
1934) and read as those of a Gaussian mechanism (Dong, Roth and Su, 2022).  It comes near to what is claimed, so that
half of the noise fails it.

`fits`: the same of many whole fits by counts, with and without one row, by what the model of each says of it.

`audit`: a lower bound on epsilon from one fit by gradients (Steinke, Nasr and Jagielski, 2023, theorem 5.2).  Each of
many odd rows is put in or left out by a coin; then it is guessed which were in, by how much likelier the fit makes them
than one without any; so many right guesses are too many for an epsilon below the bound, at 95 %.  It has to stay under
what is claimed; the same audit of a fit with next to no noise shows that it can be failed.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np
import pyarrow as pa
from benchmarks import synth

from understudy.synth import SYNTHESIZERS
from understudy.synth.flat import Flat
from understudy.synth.marginals import Marginals
from understudy.synth.private import Plan, Private

KEEN = Plan(width=192, steps=800, batch=150, views=1, rate=4e-3)
"""A fit that learns rows by heart, where noise does not keep it from that."""
_COLUMNS = 6
NOISELESS = 1e6
"""An epsilon that is no promise, and asks for next to no noise."""


def utility(kind: str, epsilon: float, seed: int = 0) -> dict[str, float]:
    """What the census extract's made rows are worth at a budget."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score

    from understudy.checks.marginals import shape, trend
    from understudy.checks.sides import sides

    train, test = synth.adult()
    began = time.process_time()
    fit = SYNTHESIZERS[kind](seed=seed).fit(None, train, private=Private(epsilon, 1e-5))
    spent = time.process_time() - began
    made = pa.Table.from_batches(fit.sample(len(train), seed=seed))
    (real, own, held), labels = synth.matrix([train, made, test])
    trees = HistGradientBoostingClassifier(categorical_features=labels[:-1], random_state=0)
    chance = trees.fit(own[:, :-1], own[:, -1]).predict_proba(held[:, :-1])[:, 1]
    both = sides(train, made, test)
    return {
        "epsilon": epsilon,
        "shape": float(np.mean([score.value or 0 for score in shape(both)])),
        "trend": float(np.mean([score.value or 0 for score in trend(both)])),
        "c2st": synth.likeness(real, own, labels),
        "mle": float(roc_auc_score(held[:, -1], chance)),
        "cpu": spent,
    }


def crowd(rows: int, rng: np.random.Generator) -> pa.Table:
    """Rows of labels that go together: all are near one of four kinds."""
    kind = rng.integers(0, 4, rows)
    columns = {}
    for at in range(_COLUMNS):
        own = np.where(rng.random(rows) < 0.9, (kind * 2 + at) % 8, rng.integers(0, 8, rows))
        columns[f"c{at}"] = [f"v{one}" for one in own]
    return pa.table(columns)


def odd(rows: int, rng: np.random.Generator) -> pa.Table:
    """Rows of the same labels in no order."""
    return pa.table({f"c{at}": [f"v{one}" for one in rng.integers(0, 8, rows)] for at in range(_COLUMNS)})


def learned(table: pa.Table, epsilon: float, seed: int, plan: Plan) -> Flat:
    """A fit within a budget."""
    categories = {f"c{at}": [f"v{one}" for one in range(8)] for at in range(_COLUMNS)}
    return Flat(seed=seed).fit(None, table, private=Private(epsilon, 1e-6, categories=categories, plan=plan))


def audit(epsilon: float, *, rows: int = 300, odds: int = 300, seed: int = 0, plan: Plan = KEEN) -> float:
    """The least epsilon that the guesses of one fit leave possible."""
    rng = np.random.default_rng(seed)
    base, marks = crowd(rows, rng), odd(odds, rng)
    inside = rng.random(odds) < 0.5
    fit = learned(pa.concat_tables([base, marks.filter(pa.array(inside))]).combine_chunks(), epsilon, seed, plan)
    other = learned(pa.concat_tables([base, odd(odds // 2, rng)]).combine_chunks(), epsilon, seed + 1, plan)
    worth = fit.log_prob(marks, orders=8) - other.log_prob(marks, orders=8)
    return bound_of(worth, inside, delta=1e-6)


def bound_of(worth: np.ndarray, inside: np.ndarray, *, delta: float, sure: float = 0.95) -> float:
    """The least epsilon, with that much confidence, for guesses that the likeliest rows were in and the others out."""
    from scipy.stats import binom

    order = np.argsort(-worth)
    shares = (0.05, 0.1, 0.2, 0.5)
    failing = (1 - sure) / len(shares) - 2 * len(worth) * delta  # the last is what delta adds, at most
    best = 0.0
    for share in shares:
        count = int(share * len(worth))
        right = int(inside[order[:count]].sum() + (~inside[order[-count:]]).sum())
        for epsilon in np.arange(0.0, 12.0, 0.02):
            if binom.sf(right - 1, 2 * count, 1 / (1 + np.exp(-epsilon))) > failing:
                best = max(best, float(epsilon))
                break
    return best


def steps(epsilon: float, *, trials: int = 4_000, share: float = 1.0, delta: float = 1e-5, seed: int = 0) -> float:
    """The least epsilon of one step that trials leave possible; ``share`` of the noise that it takes is given."""
    import torch

    from understudy.synth.encoding.encode import encoder_of, table_of
    from understudy.synth.network.model import Size, mixed
    from understudy.synth.network.train import Rows
    from understudy.synth.privacy.accounting import ORDERS, noise_for
    from understudy.synth.privacy.dp_train import Subjects, noised, summed
    from understudy.synth.privacy.noise import Chance

    table = crowd(40, np.random.default_rng(seed)).select(["c0"])  # one column: no mask blurs what is looked for
    encoder = encoder_of(table_of(table.schema), table, k=2, relations=False)
    network = mixed(encoder.parts, encoder.made, Size(8, 1, mixture=2, dropout=0.0), seed)
    rows, plan, who, chance = Rows.of(encoder.encode(table)), Plan(clip=0.1), Subjects(np.arange(40), 1), Chance()
    deviation = share * plan.clip * noise_for(epsilon, delta, times=1, sampled=1.0, besides=0 * ORDERS)

    def flat(who_is_in: list[int]) -> torch.Tensor:
        total = summed(network, rows, who, np.array(who_is_in), plan, chance.dice())
        return torch.cat([total[weight].flatten() for weight in network.parameters()]).double()

    aim = torch.stack([flat([0]) for _ in range(50)]).mean(0)
    seen = [[float(noised(flat(some), deviation, chance) @ aim) for _ in range(trials)] for some in ([1, 2, 0], [1, 2])]
    return told_apart(np.array(seen[0]), np.array(seen[1]), delta)


def fits(epsilon: float, *, trials: int = 2_000, delta: float = 1e-5) -> float:
    """The least epsilon of whole fits by counts that trials leave possible: the canary is one more of twenty rows."""
    labels = ("a", "b", "odd")

    def share(odd: int, seed: int) -> float:
        kinds = [label for label, count in zip(labels, (190, 190, odd), strict=True) for _ in range(count)]
        private = Private(epsilon, delta, categories={"kind": list(labels)}, seed=seed)
        made = Marginals().fit(None, pa.table({"kind": kinds}), private=private)
        return float(made.model.marginal((0,))[-1])  # the rarest comes last

    present, absent = ([share(odd, odd * trials + one) for one in range(trials)] for odd in (21, 20))
    return told_apart(np.array(present), np.array(absent), delta)


def told_apart(present: np.ndarray, absent: np.ndarray, delta: float) -> float:
    """The least epsilon for what was seen with and without a row; the bar is set on one half, the other judges."""
    from scipy.stats import beta, norm

    half = len(present) // 2
    bar = (present[:half].mean() + absent[:half].mean()) / 2
    errors = [int((present[half:] <= bar).sum()), int((absent[half:] > bar).sum())]
    tries = len(present) - half
    most = [float(beta.ppf(0.975, wrong + 1, tries - wrong)) for wrong in errors]
    apart = max(-float(norm.ppf(most[0]) + norm.ppf(most[1])), 1e-9)
    budgets = np.arange(0.0, 60.0, 0.01)
    failing = norm.cdf(-budgets / apart + apart / 2) - np.exp(budgets) * norm.cdf(-budgets / apart - apart / 2)
    return float(budgets[np.argmax(failing <= delta)])


def main() -> None:
    """Print one line of JSON for each fit."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["utility", "steps", "fits", "audit"])
    parser.add_argument("--epsilons", default="1,3,10")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    epsilons = [float(one) for one in asked.epsilons.split(",")]
    for kind in ("marginals", "flat") if "utility" in asked.what else ():
        for epsilon in epsilons:
            found = {key: round(one, 4) for key, one in utility(kind, epsilon).items()}
            print(json.dumps({"utility": kind, **found}), flush=True)
    for epsilon in epsilons if "steps" in asked.what else []:
        found = {"claimed": epsilon, "steps": steps(epsilon), "at half the noise": steps(epsilon, share=0.5)}
        print(json.dumps({key: round(one, 2) for key, one in found.items()}), flush=True)
    for epsilon in epsilons if "fits" in asked.what else []:
        print(json.dumps({"claimed": epsilon, "fits": round(fits(epsilon), 2)}), flush=True)
    for claim in [NOISELESS, *epsilons] if "audit" in asked.what else []:
        print(json.dumps({"claimed": claim, "audit": round(audit(claim), 2)}), flush=True)


if __name__ == "__main__":
    main()
