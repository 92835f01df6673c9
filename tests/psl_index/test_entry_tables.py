"""Which entries are of some organisms."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from psl_index.entry_tables import Organisms, entries_of
from psl_index.errors import UsageError
from psl_index.schemas import ENTRIES, LAST_TAXON

COLUMNS = {
    "taxon_id": pa.array([9606, None, LAST_TAXON, 9606], pa.uint32()),
    "lineage": pa.array([["Eukaryota", "Metazoa"], ["Bacteria"], [], ["Viruses", "METAZOA"]], pa.list_(pa.string())),
}


@pytest.mark.parametrize(
    ("organisms", "expected"),
    [
        (Organisms(), [0, 1, 2, 3]),
        (Organisms(9606), [0, 3]),
        (Organisms(taxon=1), []),
        (Organisms(np.int64(LAST_TAXON)), [2]),
        (Organisms(lineage="metazoa"), [0, 3]),
        (Organisms(lineage="Meta"), []),
        (Organisms(9606, "eukaryota"), [0]),
    ],
)
def test_entries_that_fulfil_all_that_is_asked(organisms: Organisms, expected: list[int]) -> None:
    assert np.flatnonzero(entries_of(organisms, COLUMNS.__getitem__, 4)).tolist() == expected


@pytest.mark.parametrize("taxon", [-1, 0, LAST_TAXON + 1, 2**63, 2**64, -(2**70)])
def test_what_is_no_taxonomy_identifier_is_refused(taxon: int) -> None:
    with pytest.raises(
        UsageError, match=f"expected an NCBI taxonomy identifier from 1 to 4,294,967,295, found {taxon}$"
    ):
        Organisms(taxon)


def test_the_last_taxon_is_the_largest_that_the_table_holds() -> None:
    assert np.iinfo(ENTRIES.field("taxon_id").type.to_pandas_dtype()).max == LAST_TAXON
