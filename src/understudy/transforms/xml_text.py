"""XML documents of a whole column read at once: where the texts and attributes stand that paths name.

No parser sees them, so that nothing is expanded, fetched or lost: whoever changes some texts leaves all other
bytes as they are.  Comments and CDATA are texts, declarations and instructions nothing.
"""

from __future__ import annotations

import numpy as np

from understudy.native import xml as native
from understudy.transforms.paths import Told
from understudy.transforms.stretches import Places, Stretches, Texts


def find(texts: Texts, paths: Told) -> tuple[Stretches, Places, Places]:
    """The texts and attributes that paths name, and which path each is for; and documents that are not well-formed.

    Where there are some of these, nothing else counts.
    """
    wrong, text, start, end, path = native.find(texts.data, texts.offsets, *paths)
    return Stretches(text, start, end), path, np.flatnonzero(wrong)
