"""What sides of a split have in common, against sets of stretches."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psl_eval import leakage as module
from psl_eval.leakage import LEAKAGE, leakage
from psl_index.errors import OutputError, UsageError

# Few letters and few stretches, so that sides have something in common.
SIDE = st.lists(st.text("MXU", min_size=1, max_size=9), max_size=20)


def stretches(sequence: str, k: int) -> set[str]:
    return {sequence[start : start + k] for start in range(len(sequence) - k + 1)}


def overlapping(side: Sequence[str], reference: Sequence[str], k: int) -> list[bool]:
    known = {stretch for sequence in reference for stretch in stretches(sequence, k)}
    return [not known.isdisjoint(stretches(sequence, k)) for sequence in side]


@given(train=SIDE, validation=SIDE, test=SIDE, k=st.integers(1, 8))
@settings(max_examples=10)
def test_every_side_is_compared_with_those_before_it(
    train: list[str], validation: list[str], test: list[str], k: int
) -> None:
    sides = {"train": train, "validation": validation, "test": test}
    found = leakage(sides, k=k, threads=1).overlaps
    pairs = [("validation", "train"), ("test", "train"), ("test", "validation")]
    assert [(overlap.side, overlap.reference) for overlap in found] == pairs
    for overlap in found:
        side, reference = sides[overlap.side], sides[overlap.reference]
        assert overlap.identical.tolist() == [sequence in reference for sequence in side]
        assert overlap.overlapping.tolist() == overlapping(side, reference, k)


def test_stretches_come_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STRETCHES_AT_ONCE", 5)
    train = ["MKTAYIAKQR", "WWWWW"]
    test = ["AYIAK", "M", "KQRAAAAAAAAAAAAAAAAA", "YIA", "", "CCCCCCCWWWWC", "DEF"]
    (overlap,) = leakage({"train": train, "test": test}, k=4, threads=1).overlaps
    assert overlap.overlapping.tolist() == overlapping(test, train, 4) == [True, *[False] * 4, True, False]


def test_rows_and_text() -> None:
    protein = "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQ"
    found = leakage({"train": [protein, "XX"], "test": [protein, "W" + protein[3:] + "W", "XX", "MKV"], "other": []})
    first, *others = found.as_json()
    assert first == {
        "side": "test",
        "reference": "train",
        "k": 20,
        "proteins": 4,
        "identical": 2,
        "overlapping": 2,
        "identical_share": 0.5,
        "overlapping_share": 0.5,
    }
    assert [row["overlapping_share"] for row in others] == [None, None]
    assert json.loads(json.dumps(found.as_json())) == found.table.to_pylist()
    assert found.table.schema == LEAKAGE
    assert str(found).splitlines() == [
        "test: 2 of 4 proteins are identical to one in train, 2 (50.0%) share a stretch of 20 residues with one",
        "other: 0 of 0 proteins are identical to one in train, 0 share a stretch of 20 residues with one",
        "other: 0 of 0 proteins are identical to one in test, 0 share a stretch of 20 residues with one",
    ]


def test_letters_are_literal() -> None:
    (overlap,) = leakage({"train": ["X" * 30], "test": ["X" * 25, "A" * 25, "U" * 25]}).overlaps
    assert overlap.overlapping.tolist() == [True, False, False]


def test_a_stretch_has_a_length() -> None:
    with pytest.raises(UsageError, match="stretches of 0 residues"):
        leakage({"train": ["M"], "test": ["M"]}, k=0)


def test_a_full_disk_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", fail)
    with pytest.raises(OutputError, match="No space left on device; set TMPDIR"):
        leakage({"train": ["MKT"], "test": ["MKT"]}, k=2)


def test_the_splits_of_deeploc(real_data: Path) -> None:
    source = real_data / "deeploc" / "deeploc1.fasta.gz"
    if not source.is_file():
        pytest.skip("no deeploc/deeploc1.fasta.gz among the real data")
    from psl_models.datasets import read_dataset

    dataset = read_dataset(source, multi_label=False)
    assert dataset.official_test is not None
    sides: dict[str, list[str]] = {"train": [], "test": []}
    for sequence, test in zip(dataset.sequences, dataset.official_test.tolist(), strict=True):
        sides["test" if test else "train"].append(sequence)
    some = {side: sequences[::4] for side, sequences in sides.items()}
    (overlap,) = leakage(some).overlaps
    assert not overlap.identical.any()
    assert overlap.overlapping.tolist() == overlapping(some["test"], some["train"], 20)
    assert overlap.overlapping.any()
