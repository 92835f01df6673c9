"""Labels of entries as bits: bit ``i`` says that an entry has ``CLASSES[i]``, another one whether it counts.

They stand apart so that compiled kernels, which hold their values, are known to be stale when one changes.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from psl_index.classes import CLASSES

COUNTS: Final = np.uint16(1 << 15)  # the entry counts
CLASS_BITS: Final = np.uint16((1 << len(CLASSES)) - 1)
