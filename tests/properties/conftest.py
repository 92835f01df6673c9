"""A Dask cluster of two processes, and a small index of several shards to ask on it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from psl_index import Index
from tests.proteomes import build_index

if TYPE_CHECKING:
    from distributed import LocalCluster

    from psl_index.cluster import Cluster

SEQUENCES = ["MKKRKVDE", "MKKRKVDEMKKRKV", "MKKUKV", "AAAAAAAAAAAAAAAAAAAAAAA", "MKKRKVDE", "MWKK"]
PEPTIDES = ["KK", "MKKRKV", "A", "U", "WKK", "CC"]


@pytest.fixture(scope="module")
def dask() -> Iterator[LocalCluster]:
    """A cluster of two processes on this machine."""
    pytest.importorskip("distributed", reason="Dask is not installed: pip install 'pslidx[cluster]'")
    from dask import config
    from distributed import LocalCluster

    with (
        # Seconds after a worker died Dask closes what should start it again, if it happens to have died once more.
        config.set({"distributed.deploy.lost-worker-timeout": "1h"}),
        LocalCluster(
            n_workers=2,
            threads_per_worker=2,
            memory_limit=0,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        ) as made,
    ):
        yield made


@pytest.fixture
def two_workers(dask: LocalCluster) -> None:
    """Dask starts another worker for one that was killed; that takes a moment."""
    dask.scale(2)
    dask.wait_for_workers(2, timeout=60)


@pytest.fixture(scope="module")
def cluster(dask: LocalCluster) -> Iterator[Cluster]:
    from psl_index.cluster import connect

    with connect(dask.scheduler_address) as connected:
        yield connected


@pytest.fixture
def index(tmp_path: Path) -> Index:
    """Six entries in four shards."""
    made = build_index(tmp_path, SEQUENCES, ["Nucleus", "", "Plastid", "", "Nucleus|Plastid", ""], shard_residues=23)
    assert len(made.shards) == 4
    return made
