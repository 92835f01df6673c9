"""Subsequences of each class, and how likely so many entries of the class are by chance."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from psl_eval import hit_rate, write_hit_rates
from psl_eval.report.rates import Rates, read_rates_of
from psl_eval.report.top_subsequences import top_table
from psl_index import Index

BuildIndex = Callable[..., Index]

ROWS = [
    *((f"N{number}", f"M{'G' * number}KRKGG", ["Nucleus"]) for number in range(4)),
    *((f"C{number}", f"M{'A' * number}CC", ["Cytoplasm"]) for number in range(5)),
    ("B1", "MKRKCC", ["Nucleus", "Cytoplasm"]),
    ("U1", "MKRKCC", []),
]


def scored(index: Index, folder: Path, predicted: str = "Nucleus", **choices: str) -> Rates:
    table = pa.table(
        {
            "query": ["N1", "N2", "C1"],
            "start": [3, 4, 3],
            "end": [5, 6, 4],
            "subsequence": ["KRK", "KRK", "CC"],
            "predicted": [predicted, predicted, "Cytoplasm"],
        }
    )
    write_hit_rates(hit_rate(index, table, threads=1, **choices), folder)  # type: ignore[arg-type]
    return read_rates_of("made up", folder, [])


def chance(matching: int, total: int, of_class: int, entries: int) -> float:
    """Probability of `matching` or more of a class among `entries` drawn, by counting all draws."""
    ways = sum(
        math.comb(of_class, each) * math.comb(total - of_class, entries - each)
        for each in range(matching, min(of_class, entries) + 1)
    )
    return ways / math.comb(total, entries)


def test_lift_and_p_value(build_index: BuildIndex, tmp_path: Path) -> None:
    index = build_index(ROWS)
    rows = {row["subsequence"]: row for row in top_table([scored(index, tmp_path / "r")], index).to_pylist()}
    nuclear = rows["KRK"]
    assert (nuclear["class"], nuclear["proteins"], nuclear["entries"], nuclear["matching"]) == ("Nucleus", 2, 4, 4)
    assert nuclear["expected"] == 5 / 10  # ten entries have a location, five are nuclear
    assert nuclear["lift"] == pytest.approx(2)
    assert nuclear["p_value"] == pytest.approx(chance(4, 10, 5, 4))
    cytosolic = rows["CC"]
    assert (cytosolic["entries"], cytosolic["matching"]) == (5, 5)
    assert cytosolic["p_value"] == pytest.approx(chance(5, 10, 6, 5))
    assert nuclear["p_value"] <= cytosolic["p_value"]
    assert cytosolic["q_value"] == pytest.approx(cytosolic["p_value"])  # Benjamini and Hochberg (1995), of two
    assert nuclear["q_value"] == pytest.approx(min(2 * nuclear["p_value"], cytosolic["q_value"]))


def test_several_classes_match_where_one_of_them_does(build_index: BuildIndex, tmp_path: Path) -> None:
    index = build_index(ROWS)
    table = top_table([scored(index, tmp_path / "r", "Nucleus;Cytoplasm")], index)
    (row,) = (row for row in table.to_pylist() if row["subsequence"] == "KRK")
    assert (row["expected"], row["lift"], row["p_value"]) == (1.0, 1.0, 1.0)


def test_without_an_index_chance_is_not_known(build_index: BuildIndex, tmp_path: Path) -> None:
    rows = top_table([scored(build_index(ROWS), tmp_path / "r")], None).to_pylist()
    assert [(row["expected"], row["lift"], row["p_value"], row["q_value"]) for row in rows] == [(None,) * 4] * 2
    assert all(row["hit_rate"] is not None for row in rows)


def test_subsequences_without_an_entry_come_last(build_index: BuildIndex, tmp_path: Path) -> None:
    held_by_itself = ("N0", "N2", "N3", "B1", "U1")
    index = build_index([(row[0], "MW" if row[0] in held_by_itself else row[1], row[2]) for row in ROWS])
    rows = top_table([scored(index, tmp_path / "r")], index).to_pylist()
    assert [(row["subsequence"], row["entries"]) for row in rows][-1] == ("KRK", 0)
    assert rows[-1]["p_value"] is None


def test_of_another_index_chance_is_not_known(build_index: BuildIndex, tmp_path: Path) -> None:
    rates = scored(build_index(ROWS), tmp_path / "r")
    rows = top_table([rates], build_index(ROWS[:3])).to_pylist()
    assert [row["p_value"] for row in rows] == [None, None]


def test_each_class_in_turn_has_its_rows(build_index: BuildIndex, tmp_path: Path) -> None:
    index = build_index(ROWS)
    rates = scored(index, tmp_path / "r", against="all")
    assert rates.against is None
    rows = {(row["class"], row["subsequence"]): row for row in top_table([rates], index).to_pylist()}
    assert len({psl_class for psl_class, _ in rows}) == 10
    assert (rows["Nucleus", "KRK"]["matching"], rows["Cytoplasm", "KRK"]["matching"]) == (4, 1)


def test_a_protein_counts_once_however_often_it_holds_it(build_index: BuildIndex, tmp_path: Path) -> None:
    index = build_index([("P10001", "MKRKAKRK", ["Nucleus"]), ("P10002", "MKRK", ["Nucleus"])])
    table = {"query": ["P10001"] * 2, "start": [2, 6], "end": [4, 8], "subsequence": ["KRK"] * 2}
    rates = hit_rate(index, pa.table(table | {"predicted": ["Nucleus"] * 2}), threads=1)
    write_hit_rates(rates, tmp_path / "r")
    (row,) = top_table([read_rates_of("made up", tmp_path / "r", [])], index).to_pylist()
    assert row["proteins"] == 1


def test_without_training_proteins_chance_is_not_known(build_index: BuildIndex, tmp_path: Path) -> None:
    """They may be most of a class, so what is expected of all entries would be wrong."""
    (tmp_path / "training.txt").write_text("N0\nN1\nN2\n")
    rates = scored(build_index(ROWS), tmp_path / "r", exclude="train", training=str(tmp_path / "training.txt"))
    rows = top_table([rates], build_index(ROWS)).to_pylist()
    assert [(row["expected"], row["lift"], row["p_value"]) for row in rows] == [(None,) * 3] * 2
    assert [row["entries"] for row in rows if row["subsequence"] == "KRK"] == [2]
