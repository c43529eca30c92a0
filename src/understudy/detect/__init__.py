"""Which columns hold personal data, and the rule each should get: offline, from names, types, keys and sampled values.

``detect`` finds; ``survey`` tells besides what is doubtful and what is surely harmless; ``recognizers`` adds your own.
"""

from understudy.detect.catalogue import KEPT, Sensitivity
from understudy.detect.detection import detect, survey
from understudy.detect.finding import Finding, Survey
from understudy.detect.recognizers import Recognizer
from understudy.detect.recognizers import parse as recognizer
from understudy.detect.sampling import ROWS, SECONDS, Sampler
from understudy.detect.weighing import DOUBTFUL, FOUND

__all__ = [
    "DOUBTFUL",
    "FOUND",
    "KEPT",
    "ROWS",
    "SECONDS",
    "Finding",
    "Recognizer",
    "Sampler",
    "Sensitivity",
    "Survey",
    "detect",
    "recognizer",
    "survey",
]
