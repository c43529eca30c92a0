"""What each measured check asks, and what it means where it fails: in words for who decides, not for statisticians."""

from __future__ import annotations

from understudy.checks.page.advice import Advice

_MODEL = "Keep the model as you keep the source; or learn with less effort, or with differential privacy."
_PRIVATE = "Train with a stricter filter or with less effort, or with differential privacy, and measure again."
_FAITHFUL = "Train longer or on more rows; look at the columns that are named first."
_RULES = "Declare the rule, or leave the column to one that follows from the other."
_KEYS = "Give every foreign key to the synthesizer (or to the job), so that tables are made together."

MEANING: dict[str, Advice] = {
    "attacks": Advice("Attacks", "Could the made rows be attacked at all?", "Give real rows that were held out."),
    "holdout apart": Advice(
        "Holdout apart",
        "Are the held-out rows none of those that were learned from?",
        "Split by person, before training.",
    ),
    "holdout alike": Advice(
        "Holdout alike",
        "Are held-out rows of the same population as those learned from?",
        "Draw the holdout by chance from the same rows; no attack is judged fairly without.",
    ),
    "exact copies": Advice("Exact copies", "Are real rows in the made table, as they were?", _PRIVATE),
    "copied rows": Advice("Copied rows", "How many made rows are real rows?", _PRIVATE),
    "near copies": Advice("Near copies", "Are real rows in the made table with a field changed?", _PRIVATE),
    "replay": Advice(
        "Replay",
        "Do values that say who someone is stand in the made table?",
        "Give the column to a generator of its kind (`email`, `person_name`), not to the synthesizer.",
    ),
    "originals": Advice(
        "Originals",
        "Do original values of identifying columns stand anywhere in the copy?",
        "Give the column where they were found a rule of its own, or the column they came from a stronger one.",
    ),
    "singling out": Advice("Singling out", "Do made rows tell what is true of one person alone?", _PRIVATE),
    "linkability": Advice("Linkability", "Do made rows tell which two parts of a record are one person's?", _PRIVATE),
    "inference": Advice("Inference", "Do made rows give a secret of a known person away?", _PRIVATE),
    "membership": Advice("Membership", "Can one tell who was learned from?", _PRIVATE),
    "membership for sure": Advice(
        "Membership for sure",
        "Can one tell of some people, nearly without error, that they were learned from?",
        _PRIVATE,
    ),
    "membership of outliers": Advice(
        "Membership of outliers", "Can one tell who was learned from among unusual people?", _PRIVATE
    ),
    "membership by the model": Advice(
        "Membership by the model", "Does the model itself tell who was learned from?", _MODEL
    ),
    "membership by the model for sure": Advice(
        "Membership by the model for sure", "Does it tell so of some people, nearly without error?", _MODEL
    ),
    "membership by the model of outliers": Advice(
        "Membership of outliers by the model", "Does it tell so of unusual people?", _MODEL
    ),
    "k-anonymity": Advice(
        "k-anonymity",
        "In how large a crowd does every row stand?",
        "Make the columns coarser that together may say who someone is (`bucket`, `generalize`), or take rows away.",
    ),
    "l-diversity": Advice(
        "l-diversity", "Do crowds differ in what is sensitive?", "Make the crowds larger, or leave the column out."
    ),
    "nearest share": Advice("Nearest share", "Do made rows lie nearer to rows learned from than to others?", _PRIVATE),
    "small distances": Advice("Small distances", "Do made rows lie too near to rows learned from?", _PRIVATE),
    "small ratios": Advice("Small ratios", "Does a made row single out one real row as its nearest?", _PRIVATE),
    "privacy": Advice("Privacy", "Was privacy measured?", "Give real rows that were held out."),
    "familiar privacy": Advice("Gretel-style privacy", "What would the score say that many know?", ""),
    "comparison": Advice("Comparison", "Can both tables be compared?", "Make the same columns, of the same kinds."),
    "variety": Advice("Variety", "Does every column vary that varies in the real rows?", _FAITHFUL),
    "unique key": Advice("Unique key", "Is every key one row's alone?", "Declare the key, so that it is generated."),
    "nulls": Advice("Nulls", "Is as much missing as in the real column?", _FAITHFUL),
    "shape": Advice("Shape", "Is the column distributed as the real one?", _FAITHFUL),
    "within range": Advice("Range", "Are all values such as there are in the real column?", _RULES),
    "new categories": Advice("New categories", "Are there labels that no real row has?", _RULES),
    "dependency": Advice("Dependency", "Does a column still fix the one that it fixes?", _RULES),
    "order": Advice("Order", "Does the smaller column stay the smaller?", _RULES),
    "equality": Advice("Equality", "Are columns equal as often as the real ones?", _RULES),
    "sum": Advice("Sum", "Do columns still add up?", _RULES),
    "product": Advice("Product", "Is a column still the product of two others?", _RULES),
    "weakest trend": Advice("Weakest trend", "Is there a pair that lost what held it together?", _FAITHFUL),
    "query": Advice("Your query", "Does your own question get the same answer?", _FAITHFUL),
    "utility": Advice("Utility", "Can the column be predicted as well after training on made rows?", _FAITHFUL),
    "mean utility": Advice("Utility", "Does a model trained on made rows work on real ones?", _FAITHFUL),
    "c2st holdout": Advice(
        "Told apart", "Can boosted trees tell made rows from real ones that nobody learned from?", _FAITHFUL
    ),
    "trend": Advice("Trend", "Do pairs of columns go together as the real ones do?", _FAITHFUL),
    "mean shape": Advice("Shape", "Is each column distributed as the real one?", _FAITHFUL),
    "mean nulls": Advice("Nulls", "Is as much missing as in the real rows?", _FAITHFUL),
    "1-way accuracy": Advice("Accuracy, 1 column", "Do tables of one column agree?", _FAITHFUL),
    "2-way accuracy": Advice("Accuracy, 2 columns", "Do tables of two columns agree?", _FAITHFUL),
    "3-way accuracy": Advice("Accuracy, 3 columns", "Do tables of three columns agree?", _FAITHFUL),
    "accuracy": Advice("Accuracy", "Do tables of one, two and three columns agree?", _FAITHFUL),
    "trend of column": Advice("Trend of a column", "Does the column go with the others as the real one does?", ""),
    "c2st": Advice("Told apart from training", "Can boosted trees tell made rows from those learned from?", ""),
    "likelihood gap": Advice("Likelihood gap", "Does the model know its own rows better than others?", ""),
    "familiar score": Advice("Gretel-style score", "What would the score say that many know?", ""),
    "integrity": Advice("Integrity", "Does every row that points at another find it?", _KEYS),
    "optional key": Advice("Optional key", "Do as many rows point at none as in the real table?", _KEYS),
    "cardinality": Advice("Cardinality", "Do parents have as many children as real ones?", _KEYS),
    "sequence": Advice("Sequence", "Do rows follow one another as the real ones do?", _KEYS),
    "sequence step": Advice("Time between rows", "Are rows as far apart as the real ones?", _KEYS),
    "sequence length": Advice("Length of sequences", "Are sequences as long as the real ones?", _KEYS),
    "sequence c2st holdout": Advice("Sequences told apart", "Can trees tell made successions of rows?", _KEYS),
    "sequence c2st": Advice("Sequences told from training", "Can trees tell them from those learned from?", ""),
    "hop trend": Advice("Trend across tables", "Do columns go with those of ancestors?", _KEYS),
    "weakest hop trend": Advice("Weakest trend across tables", "Is there a pair across tables that was lost?", _KEYS),
    "c2st-agg holdout": Advice("Parents told apart", "Can trees tell made parents by their children?", _KEYS),
    "c2st-agg": Advice("Parents told from training", "Can trees tell them from those learned from?", ""),
    "worst c2st-agg": Advice("Worst parents", "Which parent table is told apart best?", _KEYS),
    "unique pairs": Advice("Pairs of parents", "Are as many pairs of parents distinct?", _KEYS),
}
"""In the order in which they are told: what is surest and worst first."""


def meaning(check: str) -> Advice:
    """The words for a measured check; another is called by its name."""
    return MEANING.get(check, Advice(check.replace("_", " ").capitalize(), "", "See what the check says."))
