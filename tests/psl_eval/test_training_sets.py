"""Training sets: the formats, which proteins they name, and what is refused where."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from psl_eval.exclusion.training_sets import TrainingSet, read_training_set
from psl_index import Index
from psl_index.errors import InputError


def read(folder: Path, content: str) -> TrainingSet:
    path = folder / "training_set.tsv"
    path.write_text(content)
    return read_training_set(path)


def proteins(training: TrainingSet) -> list[tuple[str | None, str | None]]:
    return list(zip(training.identifiers.to_pylist(), training.sequences.to_pylist(), strict=True))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            "accession\tsequence\tsplit\nP12345\tmkt*\ttrain\nQ9H400\tMA\tvalidation\n",
            [("P12345", "MKT"), ("Q9H400", "MA")],
        ),
        ("split\tother\tquery\ntest\tx\tP12345\ntrain\ty\tQ9H400\n", [("Q9H400", None)]),
        ("accession,sequence\nP12345,MKT\nQ9H400,\n", [("P12345", "MKT"), ("Q9H400", None)]),
        ("accession\nP12345\n", [("P12345", None)]),
        ("P12345\nsp|Q9H400|X\n", [("P12345", None), ("sp|Q9H400|X", None)]),
        (">sp|P12345|AATM_RABIT a protein\nMK\nT\n>mine\nma\n", [("P12345", "MKT"), ("mine", "MA")]),
        ("\n>P12345\nMKT\n", [("P12345", "MKT")]),
        (
            '{"accession": "P12345"}\n{"accession": "Q9H400", "sequence": "MA"}\n',
            [("P12345", None), ("Q9H400", "MA")],
        ),
        (
            '{"accession": "P12345", "split": "test"}\n{"accession": "Q9H400", "split": "train"}\n',
            [("Q9H400", None)],
        ),
    ],
)
def test_formats_are_told_apart_by_content(
    tmp_path: Path, content: str, expected: list[tuple[str | None, str | None]]
) -> None:
    assert proteins(read(tmp_path, content)) == expected


def test_compressed_and_recorded(tmp_path: Path) -> None:
    path = tmp_path / "training_set.tsv.gz"
    path.write_bytes(gzip.compress(b"accession\nP12345\n"))
    training = read_training_set(path)
    assert proteins(training) == [("P12345", None)]
    assert training.record == (path.name, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
    assert training.file == str(path)


@pytest.mark.parametrize(
    ("content", "place", "problem"),
    [
        ("", "", "empty file"),
        ("\n\n", "", "empty file"),
        ("accession\n", "", "no protein"),
        ("accession\tsplit\nP12345\ttest\n", "", "no protein"),
        ("name\tsequence\nP12345\tMKT\n", ":1", "no column 'accession'.*among name, sequence"),
        ("sequence\nMKT\n", ":1", "no column 'accession'"),
        ("accession\tsplit\nP12345\ttrain\nQ9H400\ttraining\n", ":3", "expected the split .*found 'training'"),
        ("accession\tsplit\nP12345\ttrain\nQ9H400\t\n", ":3", "expected the split"),
        ("accession\tsequence\nP12345\tMKT\n\tMA\n", ":3", "no accession"),
        ("accession\tsequence\nP12345\tMK-T\n", ":2", "expected a sequence .*'MK-T'"),
        ("accession\tsequence\nP12345\n", ":2", "expected 2 values, found 1"),
        ("accession\tsequence\nP1\tM\tx\nP2\tM1\n", ":2", "expected 2 values, found 3"),
        ("P12345\n\nQ9H400\n", ":2", "no accession"),
        ("P12345\nQ9H400 x\n", ":2", "expected an accession, found 'Q9H400 x'; give .*JSONL, Parquet"),
        ("accession\nQ9H400 x\n", ":2", "expected an accession, found 'Q9H400 x'"),
        ("# a comment\nP12345\n", ":1", "expected an accession, found '# a comment'"),
        ("P12345\n# a comment\n", ":2", "expected an accession, found '# a comment'"),
        ("P12345\n'Q9H400'\n", ":2", "expected an accession"),
        ("accession;sequence\nP12345;MKT\n", ":1", "expected an accession, found 'accession;sequence'"),
        ("P12345\n{}\n", ":2", "expected an accession, found '{}'"),
        ("Accession\nP12345\n", ":1", "no column 'accession', but 'Accession'; rename it"),
        ("accession\tSplit\nP12345\ttest\n", ":1", "no column 'split', but 'Split'"),
        ('["P12345"]\n', ":1", "expected one JSON object a line"),
        ('{"query": "P12345"}\n{"query": "x", "accession": "Q9H400"}\n', ":2", "'accession' is not in the first"),
        ('{"query": "P12345"}\n{"query": "x", "split": "test"}\n', ":2", "'split' is not in the first"),
        (">P12345\n", ":1", ""),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, content: str, place: str, problem: str) -> None:
    with pytest.raises(InputError, match=rf"training_set\.tsv{place}: .*{problem}"):
        read(tmp_path, content)


def test_a_row_of_parquet_is_named_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "training_set.parquet"
    pq.write_table(pa.table({"accession": ["P12345", "Q9H400"], "split": ["train", "test"]}), path)
    assert proteins(read_training_set(path)) == [("P12345", None)]
    pq.write_table(pa.table({"accession": ["P12345", None]}), path)
    with pytest.raises(InputError, match=r"training_set\.parquet: row 2: no accession"):
        read_training_set(path)


@pytest.mark.parametrize("shard_residues", [1000, 5])
def test_the_entries_are_those_with_an_accession_or_a_sequence(
    tmp_path: Path, build_index: Callable[..., Index], shard_residues: int
) -> None:
    rows = [("P12345", "MKT", []), ("Q9H400", "MKT", []), ("O43657", "MA", []), ("7", "MW", []), ("7", "MWW", [])]
    index = build_index(rows, shard_residues=shard_residues)
    by_accession = read(tmp_path, "accession\nsp|P12345-2|X\nnot_there\n")
    assert by_accession.find(index).tolist() == [[0, 0]]
    by_both = read(tmp_path, "accession\tsequence\nP12345\tMKT\nnew\tMA\n7\tM\nQ9H400\t\n")
    assert by_both.find(index).tolist() == [[0, 0], [0, 1], [1, 2], [2, 3], [2, 4], [3, 1]]
    assert read(tmp_path, ">new\nMKT\n").find(index).tolist() == [[0, 0], [0, 1]]
    assert read(tmp_path, "P00001\n").find(index).tolist() == []
