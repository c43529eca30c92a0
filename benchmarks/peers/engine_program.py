"""MOSTLY AI's engine, with its defaults (model "Medium"), on the CPU."""

import tempfile
from pathlib import Path

import pandas as pd
import program
import torch
from mostlyai import engine

torch.set_num_threads(1)
work = Path(tempfile.mkdtemp())


def fit(rows, seed):
    """Split, analyse, encode and train: what its own examples do."""
    engine.set_random_state(seed)
    engine.split(workspace_dir=work, tgt_data=rows, model_type="TABULAR")
    engine.analyze(workspace_dir=work)
    engine.encode(workspace_dir=work)
    engine.train(workspace_dir=work, device="cpu")


def sample(_, count, seed):
    """As many rows, from the folder it keeps its model in."""
    engine.set_random_state(seed)
    engine.generate(workspace_dir=work, sample_size=count, device="cpu")
    return pd.read_parquet(work / "SyntheticData")


program.run(fit, sample)
