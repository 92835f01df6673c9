"""The folder of results: its files, and what it must never overwrite or leave behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from psl_eval import HitRates, results, write_hit_rates
from psl_eval.results import PROTEINS, SCORED, SUMMARY
from psl_index.errors import OutputError, UsageError

PROTEIN_ROWS: list[dict[str, Any]] = [
    {
        "query": 'a "b"',
        "class": "Nucleus",
        "against": "predicted",
        "subsequences": 2,
        "scored": 1,
        "hit_rate": 1 / 3,
    },
    {"query": "é", "class": None, "against": "predicted", "subsequences": 1, "scored": 0, "hit_rate": None},
]


@pytest.fixture
def rates() -> HitRates:
    return HitRates(
        SUMMARY.empty_table(),
        pa.Table.from_pylist(PROTEIN_ROWS, PROTEINS),
        SCORED.empty_table(),
        {"release": "é"},
    )


def test_tsv_has_a_header_shortest_numbers_and_empty_fields_for_what_is_missing(
    rates: HitRates, tmp_path: Path
) -> None:
    write_hit_rates(rates, tmp_path / "out")
    assert (tmp_path / "out" / "proteins.tsv").read_text(encoding="utf-8") == (
        "query\tclass\tagainst\tsubsequences\tscored\thit_rate\n"
        'a "b"\tNucleus\tpredicted\t2\t1\t0.3333333333333333\n'
        "é\t\tpredicted\t1\t0\t\n"
    )
    assert (tmp_path / "out" / "summary.tsv").read_text() == "\t".join(SUMMARY.names) + "\n"
    assert json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8")) == {"release": "é"}


def test_jsonl_and_parquet_hold_the_same_rows(rates: HitRates, tmp_path: Path) -> None:
    write_hit_rates(rates, tmp_path / "jsonl", format="jsonl")
    lines = (tmp_path / "jsonl" / "proteins.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == PROTEIN_ROWS
    write_hit_rates(rates, tmp_path / "parquet", format="parquet")
    assert pq.read_table(tmp_path / "parquet" / "proteins.parquet") == rates.proteins


def test_earlier_hit_rates_are_replaced_whole(rates: HitRates, tmp_path: Path) -> None:
    target = tmp_path / "out"
    write_hit_rates(rates, target)
    write_hit_rates(rates, target, format="parquet")
    names = {"summary.parquet", "proteins.parquet", "subsequences.parquet", "manifest.json"}
    assert {path.name for path in target.iterdir()} == names
    assert list(tmp_path.iterdir()) == [target]


def test_an_empty_folder_and_missing_parents_will_do(rates: HitRates, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write_hit_rates(rates, tmp_path / "empty")
    write_hit_rates(rates, tmp_path / "new" / "deep")
    assert (tmp_path / "empty" / "summary.tsv").exists()
    assert (tmp_path / "new" / "deep" / "summary.tsv").exists()


@pytest.mark.parametrize("foreign", [["thesis.tex"], ["summary.tsv"], ["manifest.json", "summary.tsv", "notes.txt"]])
def test_a_folder_that_holds_something_else_is_refused_and_untouched(
    rates: HitRates, tmp_path: Path, foreign: list[str]
) -> None:
    target = tmp_path / "out"
    target.mkdir()
    for name in foreign:
        (target / name).write_text("mine")
    with pytest.raises(UsageError, match="holds something else"):
        write_hit_rates(rates, target)
    assert {path.name: path.read_text() for path in target.iterdir()} == dict.fromkeys(foreign, "mine")


def test_a_file_is_refused(rates: HitRates, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UsageError, match="is a file"):
        write_hit_rates(rates, tmp_path / "out")
    with pytest.raises(UsageError, match="format 'csv'"):
        write_hit_rates(rates, tmp_path / "other", format="csv")


def test_when_writing_fails_the_earlier_hit_rates_stay(
    rates: HitRates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out"
    write_hit_rates(rates, target)
    before = {path.name: path.read_bytes() for path in target.iterdir()}

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(results, "_write_table", full_disk)
    with pytest.raises(OutputError, match="No space left on device") as failed:
        write_hit_rates(rates, target)
    assert failed.value.file == str(target)
    assert {path.name: path.read_bytes() for path in target.iterdir()} == before
    assert list(tmp_path.iterdir()) == [target]
