"""Memory that the C library keeps instead of giving it back to the system.

Training frees and asks for the same large buffers all the time. glibc maps such buffers afresh each time, and every
page of them costs a fault: with the study's networks on a processor a third of the time and more.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Final

# Of glibc's malloc.h.
_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_NEVER: Final = 2**31 - 1
# Larger buffers come and go as before: kept among smaller ones, they break the heap into pieces, and it grows to GBs.
_KEPT_BYTES: Final = 1 << 25


def keep_memory() -> bool:
    """Have freed memory kept for the next use, from now on in this process; returns whether it could be arranged.

    Where the C library is not glibc nothing changes.
    """
    if sys.platform != "linux":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library, such as musl
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _KEPT_BYTES)) and bool(mallopt(_TRIM_THRESHOLD, _NEVER))
