"""The commands one after the other on real proteins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from psl_index import Index

Call = Callable[..., Any]


@pytest.fixture(scope="module")
def swiss_prot(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where an index of 1,223 real entries is built."""
    if not (real_data / "sprot" / "real_sprot.dat.gz").is_file():
        pytest.skip("no sprot/real_sprot.dat.gz among the real data")
    return tmp_path_factory.mktemp("real") / "swiss prot"


def test_build_then_search_equals_find(pslidx: Call, real_data: Path, swiss_prot: Path) -> None:
    built = pslidx("build", real_data / "sprot" / "real_sprot.dat.gz", "-o", swiss_prot)
    assert built.code == 0, built.err
    assert "1,223 entries" in built.err
    assert pslidx("verify", swiss_prot, "--full").code == 0
    with Index.open(swiss_prot) as index:
        entries = index.entries.select(["accession", "entry_name", "taxon_id", "sequence"]).to_pylist()
    peptides = ["A", "U", "SKL", "KDEL", "LLLLL", "MAAAAGRS", entries[7]["sequence"]]
    expected = [
        [peptide, entry["accession"], entry["entry_name"], str(start), str(start + len(peptide) - 1)]
        for peptide in peptides
        for entry in entries
        for start in _starts(entry["sequence"], peptide)
    ]
    found = pslidx("search", swiss_prot, *peptides).rows[1:]
    assert [row[:5] for row in found] == expected
    counted = pslidx("search", swiss_prot, "-", "--count", stdin="\n".join(peptides).encode()).rows[1:]
    for peptide, n_entries, occurrences in counted:
        rows = [row for row in expected if row[0] == peptide]
        assert (int(n_entries), int(occurrences)) == (len({row[1] for row in rows}), len(rows))


def _starts(sequence: str, peptide: str) -> list[int]:
    """All 1-based starts, overlapping ones included."""
    starts, start = [], sequence.find(peptide)
    while start >= 0:
        starts.append(start + 1)
        start = sequence.find(peptide, start + 1)
    return starts


def test_the_published_subsequences_are_scored(pslidx: Call, real_data: Path, tmp_path: Path) -> None:
    source = real_data / "deeploc" / "deeploc2_train_validation.csv.gz"
    released = real_data / "released"
    if not (source.is_file() and released.is_dir()):
        pytest.skip("no deeploc or released folder among the real data")
    names = "accession=ACC,sequence=Sequence,locations=Labels"
    built = pslidx("build", source, "--columns", names, "-o", tmp_path / "deeploc2")
    assert built.code == 0, built.err
    assert "28,303 entries" in built.err
    ended = pslidx(
        "hitrate",
        tmp_path / "deeploc2",
        released / "lstm_attention_subsequences.csv.gz",
        "--proteins",
        released / "test_sentences.txt.gz",
        "-o",
        tmp_path / "rates",
    )
    assert ended.code == 0, ended.err
    header, *rows = ended.rows
    summary = [dict(zip(header, row, strict=True)) for row in rows]
    assert [(row["exclusion"], row["subset"]) for row in summary[:2]] == [("self", "all"), ("none", "all")]
    assert {row["subsequences"] for row in summary[:2]} == {"5892"}
    # Without exclusion most proteins find themselves; a stranger can only lower the rate.
    assert float(summary[0]["hit_rate"]) < float(summary[1]["hit_rate"])
