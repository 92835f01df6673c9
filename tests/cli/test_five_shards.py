"""Each command over an index of five shards says what it says over one."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from psl_index import Index, build

Call = Callable[..., Any]
PLACES = ["Nucleus.", "Cytoplasm. Nucleus.", "Secreted.", ""]


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory, flat_entry: Callable[..., str]) -> tuple[Path, Path]:
    """Forty related proteins as one shard and as five."""
    folder = tmp_path_factory.mktemp("shards")
    dice = random.Random(1)
    ancestor = "".join(dice.choices("ACDEFGHIKLMNPQRSTVWY", k=100))
    with (folder / "forty.dat").open("w") as file:
        for number in range(40):
            sequence = "".join(letter if dice.random() < 0.8 else "K" for letter in ancestor)
            place, taxon = PLACES[number % 4], 9606 + number % 2
            file.write(flat_entry(f"A0A{number:06d}P", f"N{number}_HUMAN", taxon, "Eukaryota", place, sequence))
    peptides = [ancestor[start : start + length] for start in range(0, 90, 7) for length in (2, 5, 9)]
    (folder / "peptides").write_text("\n".join([*peptides, "WWWWWW"]))
    rows = [
        f"A0A{number:06d}P\t1\t{len(peptide)}\t{peptide}\tNucleus\n" for number, peptide in enumerate(peptides[:30])
    ]
    (folder / "subsequences.tsv").write_text("query\tstart\tend\tsubsequence\tpredicted\n" + "".join(rows))
    build([folder / "forty.dat"], folder / "one")
    assert build([folder / "forty.dat"], folder / "five", shard_residues=800).shards == 5
    return folder / "one", folder / "five"


@pytest.mark.parametrize(
    "options",
    [[], ["--count"], ["--limit", "3"], ["--taxon", "9607"], ["--equate-il"]],
    ids=lambda options: " ".join(options) or "locate",
)
def test_search(pslidx: Call, indexes: tuple[Path, Path], options: list[str]) -> None:
    peptides = indexes[0].parent / "peptides"
    one, five = (pslidx("search", index, "--file", peptides, *options) for index in indexes)
    assert (five.code, five.out) == (one.code, one.out)
    assert len(five.rows) > 20


def test_hitrate(pslidx: Call, indexes: tuple[Path, Path], tmp_path: Path) -> None:
    subsequences = indexes[0].parent / "subsequences.tsv"
    one, five = (pslidx("hitrate", index, subsequences, "-o", tmp_path / index.name) for index in indexes)
    assert (five.code, one.code) == (0, 0)
    for name in ("summary.tsv", "proteins.tsv", "subsequences.tsv"):
        one_rows, five_rows = ((tmp_path / index.name / name).read_text().splitlines() for index in indexes)
        for expected, row in zip(one_rows, five_rows, strict=True):
            assert numbers(row) == pytest.approx(numbers(expected), abs=1e-12)
            assert words(row) == words(expected)


def numbers(row: str) -> list[float]:
    return [float(field) for field in row.split("\t") if "." in field]


def words(row: str) -> list[str]:
    return ["" if "." in field else field for field in row.split("\t")]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT class, count(*) FROM locations GROUP BY class ORDER BY class",
        "SELECT entry, accession, sequence FROM entries ORDER BY entry",
        "SELECT accession, location FROM entries JOIN locations USING (entry) ORDER BY accession, location",
    ],
)
def test_sql(pslidx: Call, indexes: tuple[Path, Path], query: str) -> None:
    one, five = (pslidx("sql", index, query) for index in indexes)
    assert (five.code, five.out) == (0, one.out)
    assert len(five.rows) > 3


def test_verify_and_info(pslidx: Call, indexes: tuple[Path, Path]) -> None:
    _, five = indexes
    ended = pslidx("verify", five, "--full")
    assert ended.code == 0
    assert f"ok ({5 * 9} files" in ended.out
    assert "parameter.shard_residues\t800\n" in pslidx("info", five).out


def test_verify_names_the_damaged_file_of_the_right_shard(pslidx: Call, indexes: tuple[Path, Path]) -> None:
    _, five = indexes
    with Index.open(five) as index:
        path = five / index.manifest.folder / "shard-0003" / "tail.bin"
    sound = path.read_bytes()
    path.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    try:
        ended = pslidx("verify", five, "--full")
        assert ended.code == 3
        assert "shard-0003/tail.bin" in ended.err
    finally:
        path.write_bytes(sound)
