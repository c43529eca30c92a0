"""SDV's CTGAN or Gaussian copula, with their defaults; the fourth argument says which."""

import sys
import warnings

import program
import torch
from sdv.metadata import Metadata
from sdv.single_table import CTGANSynthesizer, GaussianCopulaSynthesizer

torch.set_num_threads(1)
warnings.simplefilter("ignore")


def fit(rows, seed):
    """Let it find what the columns are, and fit."""
    torch.manual_seed(seed)
    metadata = Metadata.detect_from_dataframes({"rows": rows})
    which = CTGANSynthesizer if sys.argv[4] == "ctgan" else GaussianCopulaSynthesizer
    options = {"enable_gpu": False} if sys.argv[4] == "ctgan" else {}
    model = which(metadata, **options)
    model.fit({"rows": rows})
    return model


def sample(model, count, seed):
    """As many rows."""
    torch.manual_seed(seed)
    return model.sample(count)["rows"]


program.run(fit, sample)
