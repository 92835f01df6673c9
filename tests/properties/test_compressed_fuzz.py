"""FASTA, tables and peptide lists in gzip: several members, truncated, with garbage behind (F12)."""

from __future__ import annotations

import gzip
import io
import itertools
import os
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pslidx.peptide_list import read_peptides

from psl_index.errors import InputError
from psl_index.opening import Source
from psl_index.sources import read_source
from tests.flatfiles import entry
from tests.time_limit import SECONDS, within

EXAMPLES = 1_000 if os.environ.get("PSLIDX_SOAK") else 100  # of each property and kind of file
RECORDS = 30

CONTENTS = {
    "fasta": b"".join(b">p%d some name\nMKVLA\nACDEF\n" % number for number in range(RECORDS)),
    "table": b"accession,sequence,locations\n" + b"".join(b"p%d,MKVLA,Nucleus\n" % n for n in range(RECORDS)),
    "flat file": "".join(entry(accession=f"P{number:05d}") for number in range(RECORDS)).encode(),
    "peptides": b"MKVLA\n" * RECORDS,
}
fuzz = settings(max_examples=EXAMPLES)
kinds = pytest.mark.parametrize("kind", CONTENTS)


@pytest.fixture(scope="module")
def count(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, bytes], int]:
    """Records in a compressed file."""
    file = tmp_path_factory.mktemp("compressed") / "file.gz"

    def counted(kind: str, compressed: bytes) -> int:
        if kind == "peptides":
            file.write_bytes(compressed)
            return len(list(read_peptides(str(file))))
        return sum(
            batch.entries.num_rows for batch in read_source(Source(str(file), io.BytesIO(compressed)), threads=1)
        )

    return lambda kind, compressed: within(SECONDS, lambda: counted(kind, compressed))


@kinds
@fuzz
@given(cuts=st.lists(st.floats(0, 1), max_size=4))
def test_any_number_of_members_is_one_file(kind: str, count: Callable[[str, bytes], int], cuts: list[float]) -> None:
    content = CONTENTS[kind]
    bounds = [0, *sorted(int(cut * len(content)) for cut in cuts), len(content)]
    members = [gzip.compress(content[left:right]) for left, right in itertools.pairwise(bounds)]
    assert count(kind, b"".join(members)) == RECORDS


@kinds
@fuzz
@given(kept=st.floats(0, 1, exclude_max=True))
def test_a_truncated_file_is_an_error(kind: str, count: Callable[[str, bytes], int], kept: float) -> None:
    """It says so: what is left has no fewer records than it seems."""
    compressed = gzip.compress(CONTENTS[kind], mtime=0)
    with pytest.raises(InputError, match="too early"):
        count(kind, compressed[: max(2, int(kept * len(compressed)))])


@kinds
@fuzz
@given(garbage=st.binary(min_size=1, max_size=50).filter(lambda garbage: garbage.strip(b"\0") != b""))
def test_garbage_behind_is_an_error(kind: str, count: Callable[[str, bytes], int], garbage: bytes) -> None:
    with pytest.raises(InputError):
        count(kind, gzip.compress(CONTENTS[kind]) + garbage)
