"""Small indexes for the tests of hit rates."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import pytest

from psl_index import Index, build

Rows = Sequence[tuple[str, str, Sequence[str]]]


@pytest.fixture(scope="session")
def build_index(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Index]:
    """Makes an index of (accession, sequence, classes) rows; `options` go to `psl_index.build`."""
    folder = tmp_path_factory.mktemp("indexes")
    numbers = itertools.count()

    def make(rows: Rows, **options: int) -> Index:
        number = next(numbers)
        table = folder / f"{number}.csv"
        lines = [f"{accession},{sequence},{'|'.join(classes)}" for accession, sequence, classes in rows]
        table.write_text("\n".join(["accession,sequence,locations", *lines]) + "\n")
        build([table], folder / str(number), threads=1, **options)
        return Index.open(folder / str(number))

    return make
