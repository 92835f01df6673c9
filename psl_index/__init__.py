"""Exact substring index of protein sequences, with their annotated subcellular locations.

`build` makes an index from flat files, FASTA files or tables, `Index.open` maps it into memory, `verify` checks it.
Names are imported when they are first asked for: what only needs the errors does not wait for the kernels.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psl_index.builder import BuildSummary, build
    from psl_index.errors import PslidxError
    from psl_index.index import Index
    from psl_index.progress import Progress
    from psl_index.scanning import Scanned, scan, scan_counts
    from psl_index.skipped import Skipped
    from psl_index.verification import Verification, verify

__all__ = [
    "BuildSummary",
    "Index",
    "Progress",
    "PslidxError",
    "Scanned",
    "Skipped",
    "Verification",
    "build",
    "scan",
    "scan_counts",
    "verify",
]

_HOMES = {
    "BuildSummary": "builder",
    "Index": "index",
    "Progress": "progress",
    "PslidxError": "errors",
    "Scanned": "scanning",
    "Skipped": "skipped",
    "Verification": "verification",
    "build": "builder",
    "scan": "scanning",
    "scan_counts": "scanning",
    "verify": "verification",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
