"""Rules for files: from a rules file, or from a job file with what it remembers of its database."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from understudy.jobs.planning import with_virtual
from understudy.jobs.policy import Policy
from understudy.jobs.reviewed import reviewed
from understudy.jobs.spec import JobFile, RulesSpec, read_rules


@dataclass(frozen=True)
class RulesFile:
    """Rules, and the key behind them as the file spells it."""

    policy: Policy
    key: str


def load_rules(path: Path) -> RulesFile:
    """The rules of a file.

    A job's rules apply to files that came out of its database: where the job remembers it (see
    ``reviewed``), columns have their types and keys their stand-ins, as in the database itself.
    """
    found = read_rules(path)
    if isinstance(found, JobFile):
        known = reviewed(path)
        if known is not None:
            known = with_virtual(known, found.job.subset.virtual)
        return RulesFile(Policy(found.job.columns, domains=found.job.domains, reviewed=known), found.job.key)
    return RulesFile(
        Policy(**{name: getattr(found, name) for name in RulesSpec.model_fields if name != "key"}), found.key
    )
