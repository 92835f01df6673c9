"""The digest of a shard's contents: of what is said, not of how it came."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from psl_index.schemas import SourceBatch
from psl_index.shard_contents import ShardContents
from psl_index.shard_filling import split
from tests.flatfiles import BEFORE_2019, SEQUENCE, TODAY, entry, read

BATCH = read("".join([TODAY, BEFORE_2019, *(entry(accession=f"P0000{number}") for number in range(5)), TODAY]))
CHANGES = {
    pa.uint32(): 7,
    pa.uint8(): 7,
    pa.bool_(): None,
    pa.string(): "other",
    pa.list_(pa.string()): ["other"],
}


def digest(*batches: SourceBatch) -> str:
    contents = ShardContents(10**9)
    for batch in batches:
        contents.append(batch)
    return contents.digest()


@given(cuts=st.lists(st.integers(1, BATCH.entries.num_rows - 1), max_size=4))
def test_it_does_not_depend_on_the_batches(cuts: list[int]) -> None:
    parts = []
    rest = BATCH
    before = 0
    for cut in sorted(set(cuts)):
        part, rest = split(rest, cut - before)
        parts.append(part)
        before = cut
    assert digest(*parts, rest) == digest(BATCH)


@pytest.mark.parametrize("table", SourceBatch._fields)
def test_each_value_of_each_column_counts(table: str) -> None:
    before = getattr(BATCH, table)
    for name in before.schema.names[1:]:
        for row in range(before.num_rows):
            rows = before.to_pylist()
            changed = CHANGES[before.schema.field(name).type]
            rows[row][name] = changed if rows[row][name] != changed else True
            after = BATCH._replace(**{table: pa.RecordBatch.from_pylist(rows, schema=before.schema)})
            assert digest(after) != digest(BATCH), (name, row)


def test_text_that_moves_to_the_next_value_counts() -> None:
    names = BATCH.entries.schema.get_field_index("accession")
    shifted = [f"{'AB' if row == 0 else ''}{'C' if row < 2 else ''}" for row in range(BATCH.entries.num_rows)]
    moved = [f"{'A' if row == 0 else 'BC' if row == 1 else ''}" for row in range(BATCH.entries.num_rows)]
    digests = [
        digest(BATCH._replace(entries=BATCH.entries.set_column(names, "accession", pa.array(accessions))))
        for accessions in (shifted, moved)
    ]
    assert digests[0] != digests[1]


def test_which_entry_a_row_belongs_to_counts() -> None:
    locations = BATCH.locations.to_pylist()
    locations[0]["entry"] = 1
    other = pa.RecordBatch.from_pylist(locations, schema=BATCH.locations.schema)
    assert digest(BATCH._replace(locations=other)) != digest(BATCH)


def test_it_counts() -> None:
    contents = ShardContents(10**9)
    contents.append(BATCH)
    contents.append(BATCH)
    assert (contents.entries, contents.residues, contents.annotated) == (16, 16 * len(SEQUENCE), 4)
