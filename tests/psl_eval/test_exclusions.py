"""The exclusion `self`: whose entries it leaves out, and when it must refuse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from psl_eval.exclusions import Excluded, own_entries
from psl_eval.proteins import Queries
from psl_index import Index, build
from psl_index.errors import UsageError

FIRST = "MKKRKVDPSTNWQ"
SECOND = "MAAAAAAAAAAAAAAAAAAA"
DATABASE = [
    ("P12345", FIRST, ["Nucleus"]),
    ("Q9H400", SECOND, ["Nucleus"]),
    ("copy", FIRST, []),
    ("longer", FIRST + "A", ["Nucleus"]),
    ("Q9H400", SECOND[:-1], ["Nucleus"]),
    ("lab|7", "MX", ["Nucleus"]),
    ("7", "MW", ["Nucleus"]),
]


@pytest.fixture(scope="module", params=[None, 20])
def index(request: pytest.FixtureRequest, build_index: Callable[..., Index]) -> Index:
    return build_index(DATABASE, **({} if request.param is None else {"shard_residues": request.param}))


def queries(*proteins: tuple[str | None, str | None]) -> Queries:
    identifiers = pa.array([identifier for identifier, _ in proteins], pa.string())
    sequences = pa.array([sequence for _, sequence in proteins], pa.large_string())
    names = pa.array([identifier or str(number) for number, (identifier, _) in enumerate(proteins)], pa.string())
    return Queries(np.arange(len(proteins)), names, identifiers, sequences)


def of_each(excluded: Excluded) -> list[list[int]]:
    bounds = zip(excluded.offsets, excluded.offsets[1:], strict=False)
    return [excluded.entries[start:end].tolist() for start, end in bounds]


@pytest.mark.parametrize(
    ("identifier", "sequence", "entries"),
    [
        ("P12345", FIRST, [0]),  # by accession, so its copy stays
        ("P12345", None, [0]),  # an accession needs no sequence
        ("P12345", "MOTHER", [0]),  # whatever the sequence says
        ("sp|P12345|AATM_RABIT", None, [0]),
        ("P12345-2", None, [0]),  # an isoform
        ("sp|P12345-2|AATM_RABIT", None, [0]),
        ("lab|7", None, [5]),  # the whole identifier comes first
        ("Q9H400", None, [1, 4]),  # a duplicate accession
        ("new", FIRST, [0, 2]),  # no accession: all with the sequence, annotated or not
        (None, FIRST, [0, 2]),
        (None, SECOND[:-1], [4]),  # whole sequences, not parts of longer ones
        ("A0A022YWF9", None, []),  # an accession that is not in the index
        ("new", "MAAA", []),
        ("new", "MX", [5]),
    ],
)
def test_the_own_entries_of_a_query(
    index: Index, identifier: str | None, sequence: str | None, entries: list[int]
) -> None:
    assert of_each(own_entries(index, queries((identifier, sequence)))) == [entries]


def test_many_queries_keep_their_own_lists_and_are_counted(index: Index) -> None:
    several = queries((None, SECOND), ("Q9H400", None), ("none", "MST"), ("P12345-1", FIRST), (None, FIRST))
    excluded = own_entries(index, several)
    assert of_each(excluded) == [[1], [1, 4], [], [0], [0, 2]]
    assert excluded.found_by == {"accession": 2, "sequence": 2, "not_in_index": 1}


@pytest.mark.parametrize("identifier", [None, "17", "protein_1"])
def test_neither_accession_nor_sequence_is_a_usage_error_that_names_proteins(
    index: Index, identifier: str | None
) -> None:
    with pytest.raises(UsageError, match=r"1 of 2 queries .* no accession and no sequence.*--proteins"):
        own_entries(index, queries(("P12345", None), (identifier, None)))


def test_a_secondary_accession_is_the_entry_too(tmp_path: Path) -> None:
    source = tmp_path / "entry.dat"
    source.write_text(
        "ID   AATM_RABIT              Reviewed;          10 AA.\n"
        "AC   P12345; G1SKL2; Q4KLG7;\n"
        "DT   01-OCT-1989, integrated into UniProtKB/Swiss-Prot.\n"
        "DT   01-OCT-1989, sequence version 1.\n"
        "DT   01-OCT-2022, entry version 100.\n"
        "DE   RecName: Full=Test protein;\n"
        "OS   Oryctolagus cuniculus (Rabbit).\n"
        "OC   Eukaryota; Metazoa.\n"
        "OX   NCBI_TaxID=9986;\n"
        "CC   -!- SUBCELLULAR LOCATION: Nucleus.\n"
        "PE   1: Evidence at protein level;\n"
        "SQ   SEQUENCE   10 AA;  1209 MW;  50309202C3240333 CRC64;\n"
        "     MAKKRKVEDP\n"
        "//\n"
    )
    build([source], tmp_path / "index", threads=1)
    excluded = own_entries(Index.open(tmp_path / "index"), queries(("G1SKL2", None), ("P12345", None)))
    assert of_each(excluded) == [[0], [0]]
