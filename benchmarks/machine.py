"""The machine, the versions that matter, and how fast its memory copies."""

from __future__ import annotations

import os
import platform
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from benchmarks.timing import median_seconds

_OURS = ("numpy", "numba", "pyarrow", "duckdb", "isal")
_PEERS = ("biopython", "pydivsufsort", "pepmatch", "pyahocorasick", "ahocorasick_rs")
_COPIED = 1 << 28  # bytes a thread copies: far more than caches hold


def heading() -> list[str]:
    """What stands above the table, line by line; no name of the machine."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    return [
        f"pslidx {version('pslidx')} against its peers",
        f"{_processor()}, {os.cpu_count()} processors, {memory:.0f} GB of memory, {platform.system()},"
        f" Python {platform.python_version()}",
        f"with {_versions(_OURS)}; peers: {_versions(_PEERS)}",
    ]


def copy_bandwidth(threads: int) -> float:
    """Bytes a second that some threads together copy from one large array to another; the median of several copies."""
    sources = [np.full(_COPIED, thread, np.uint8) for thread in range(threads)]
    targets = [np.empty_like(source) for source in sources]
    with ThreadPoolExecutor(threads) as pool:
        seconds = median_seconds(lambda: list(pool.map(np.copyto, targets, sources)), 15)
    return threads * _COPIED / seconds


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _versions(packages: tuple[str, ...]) -> str:
    found = []
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"no {package}")
    return ", ".join(found)
