"""Methods side by side: each row against a loop over proteins, and what must not be compared."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from psl_eval.comparing.comparison import COMPARISON, Comparison, compare
from psl_eval.comparing.methods import read_method
from psl_eval.statistics.means import adjusted, mean_interval, paired_test
from psl_eval.statistics.strata import STRATA, stratum_of
from psl_index.errors import InputError, UsageError
from tests.result_folders import Protein, write_folder

Folder = Callable[..., Path]
Row = dict[str, Any]
STRATUM_LENGTHS = dict(zip(STRATA, (range(1, 5), [5], [6, 7], [8, 9], range(10, 15), range(15, 99)), strict=True))


def _method(seed: int, names: Iterable[int], *, longer: int = 0) -> list[Protein]:
    """Proteins with some predictions wrong, some subsequences not scored."""
    random = np.random.default_rng(seed)
    proteins = []
    for name in names:
        subsequences = []
        for _ in range(random.integers(1, 4)):
            rates = [float(rate) if random.random() < 0.8 else None for rate in random.random(2)]
            subsequences.append((int(random.integers(3, 18)) + longer, *rates))
        true = "Plastid" if name % 3 == 0 else "Nucleus"
        proteins.append(Protein(f"P{name}", subsequences, true=true, cluster=name // 2 if name < 20 else None))
    return proteins


def _compare(folders: Sequence[Path], **options: Any) -> tuple[list[Row], Comparison]:
    comparison = compare([read_method(folder) for folder in folders], **({"resamples": 50} | options))
    assert comparison.table.schema == COMPARISON
    return comparison.table.to_pylist(), comparison


def _row(rows: list[Row], lengths: str = "all", reference: str | None = None, **where: str) -> Row:
    wanted = {"against": "predicted", "subset": "all", "lengths": lengths, "reference": reference} | where
    (row,) = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    return row


def _rate(protein: Protein, label: str, lengths: str = "all") -> float | None:
    """Mean over the scored subsequences of these lengths."""
    rates = [
        rates[label == "true"]
        for length, *rates in protein.subsequences
        if lengths == "all" or length in STRATUM_LENGTHS[lengths]
    ]
    scored = [rate for rate in rates if rate is not None]
    return statistics.fmean(scored) if scored else None


def _rates(proteins: Sequence[Protein], label: str, lengths: str) -> np.ndarray:
    rates = [_rate(protein, label, lengths) for protein in proteins]
    return np.array([np.nan if rate is None else rate for rate in rates])


def _subset(proteins: Sequence[Protein], subset: str) -> list[Protein]:
    return [each for each in proteins if subset == "all" or (each.predicted == each.true) == (subset == "correct")]


@pytest.fixture
def two(tmp_path: Path) -> dict[str, list[Protein]]:
    methods = {"a": _method(1, range(30)), "b": _method(2, range(5, 35), longer=2)}
    for name, proteins in methods.items():
        write_folder(tmp_path / name, proteins)
    return methods


def test_rows_stand_in_the_order_of_the_studys_tables(two: dict[str, list[Protein]], tmp_path: Path) -> None:
    rows, _ = _compare([tmp_path / "a", tmp_path / "b"])
    subsets = [
        ("predicted", "all"),
        ("predicted", "correct"),
        ("predicted", "wrong"),
        ("true", "all"),
        ("true", "wrong"),
    ]
    expected = [
        (against, subset, lengths, method, reference)
        for against, subset in subsets
        for lengths in ("all", *STRATA, "standardised")
        for method, reference in (("a", None), ("b", None), ("b", "a"))
    ]
    names = ("against", "subset", "lengths", "method", "reference")
    assert [tuple(row[name] for name in names) for row in rows] == expected


def test_each_methods_own_rows_are_those_of_a_loop(two: dict[str, list[Protein]], tmp_path: Path) -> None:
    rows, _ = _compare([tmp_path / "a", tmp_path / "b"], seed=3)
    for row in rows:
        if row["reference"] is not None or row["lengths"] == "standardised":
            continue
        proteins = _subset(two[row["method"]], row["subset"])
        rates = _rates(proteins, row["against"], row["lengths"])
        here = [
            own[row["against"] == "true"]
            for protein in proteins
            for length, *own in protein.subsequences
            if row["lengths"] == "all" or length in STRATUM_LENGTHS[row["lengths"]]
        ]
        scored = rates[~np.isnan(rates)]
        assert (row["proteins"], row["proteins_scored"]) == (len(proteins), len(scored))
        assert row["coverage"] == pytest.approx(len(scored) / len(proteins))
        assert row["subsequences"] == len(here)
        assert row["subsequences_scored"] == len([rate for rate in here if rate is not None])
        assert row["hit_rate"] == (pytest.approx(scored.mean()) if len(scored) else None)
        clusters = [-1 if protein.cluster is None else protein.cluster for protein in proteins]
        interval = mean_interval(rates, clusters, seed=3, resamples=50)
        assert (row["low"] or np.nan, row["high"] or np.nan) == pytest.approx(interval, nan_ok=True)
        for name in ("reference_hit_rate", "difference", "p_value", "q_value", "strata"):
            assert row[name] is None


def test_comparisons_rest_on_the_proteins_that_both_score(two: dict[str, list[Protein]], tmp_path: Path) -> None:
    rows, _ = _compare([tmp_path / "a", tmp_path / "b"], seed=3)
    by_name = {protein.query: protein for protein in two["b"]}
    compared = [row for row in rows if row["reference"] == "a" and row["lengths"] != "standardised"]
    assert len(compared) == 5 * 7
    for row in compared:
        shared = [protein for protein in _subset(two["a"], row["subset"]) if protein.query in by_name]
        theirs = _rates(shared, row["against"], row["lengths"])
        ours = _rates([by_name[protein.query] for protein in shared], row["against"], row["lengths"])
        clusters = [-1 if protein.cluster is None else protein.cluster for protein in shared]
        test = paired_test(ours, theirs, clusters, seed=3, resamples=50)
        assert (row["proteins"], row["proteins_scored"]) == (len(shared), test.pairs)
        both = ~np.isnan(ours + theirs)
        assert test.pairs == both.sum()
        if both.any():
            assert row["hit_rate"] == pytest.approx(ours[both].mean())
            assert row["reference_hit_rate"] == pytest.approx(theirs[both].mean())
            assert row["difference"] == pytest.approx((ours - theirs)[both].mean())
        assert row["p_value"] == (None if np.isnan(test.p_value) else pytest.approx(test.p_value))
        assert row["subsequences"] is row["subsequences_scored"] is None


def test_standardised_rates_have_the_pooled_distribution_of_lengths(
    two: dict[str, list[Protein]], tmp_path: Path
) -> None:
    rows, _ = _compare([tmp_path / "a", tmp_path / "b"])
    standardised = [row for row in rows if row["lengths"] == "standardised" and row["reference"] is None]
    assert len(standardised) == 10
    for row in standardised:
        sides = [_subset(proteins, row["subset"]) for proteins in two.values()]
        pooled = [
            length
            for side in sides
            for protein in side
            for length, *rates in protein.subsequences
            if rates[row["against"] == "true"] is not None
        ]
        everywhere = [
            name
            for name in STRATA
            if all(sum(_rate(protein, row["against"], name) is not None for protein in side) >= 2 for side in sides)
        ]
        assert row["strata"] == ";".join(everywhere)
        weights = [sum(STRATA[stratum] == name for stratum in stratum_of(pooled)) for name in everywhere]
        own = _subset(two[row["method"]], row["subset"])
        means = [np.nanmean(_rates(own, row["against"], name)) for name in everywhere]
        assert row["hit_rate"] == pytest.approx(np.average(means, weights=weights))
        assert row["low"] <= row["hit_rate"] <= row["high"]


def test_standardised_comparisons_pair_within_strata(tmp_path: Path) -> None:
    five, twenty = 5, 20
    a = [Protein(f"P{n}", [(five, 0.5, 0.5), (twenty, 0.9, 0.9)]) for n in range(4)]
    b = [
        Protein("P0", [(five, 0.1, 0.1), (twenty, 0.9, 0.9)]),
        Protein("P1", [(five, 0.3, 0.3), (five, 0.3, 0.3), (twenty, 0.8, 0.8)]),
        Protein("P9", [(five, 0.7, 0.7)]),
    ]
    folders = [write_folder(tmp_path / name, proteins) for name, proteins in (("a", a), ("b", b))]
    rows, _ = _compare(folders)
    compared = _row(rows, "standardised", "a")
    # Scored subsequences of both: 4 + 4 of five residues, 4 + 2 of twenty.
    assert compared["strata"] == "5;15+"
    assert compared["proteins_scored"] == 2
    assert compared["hit_rate"] == pytest.approx((8 * 0.2 + 6 * 0.85) / 14)
    assert compared["reference_hit_rate"] == pytest.approx((8 * 0.5 + 6 * 0.9) / 14)
    assert compared["p_value"] == 0.5  # exact: the two differences of one sign, or both flipped


def test_a_difference_of_lengths_alone_vanishes_when_standardised(tmp_path: Path) -> None:
    random = np.random.default_rng(4)

    def proteins(share_long: float) -> list[Protein]:
        lengths = np.where(random.random((300, 2)) < share_long, 12, 5)
        rates = np.where(lengths == 12, 0.8, 0.3) + random.normal(0, 0.05, (300, 2))
        columns = zip(lengths.tolist(), rates.tolist(), strict=True)
        return [
            Protein(f"P{n}", [(length, rate, rate) for length, rate in zip(*each, strict=True)])
            for n, each in enumerate(columns)
        ]

    rows, _ = _compare(
        [write_folder(tmp_path / "long", proteins(0.7)), write_folder(tmp_path / "short", proteins(0.2))],
        resamples=500,
    )
    crude, fair = _row(rows, "all", "long"), _row(rows, "standardised", "long")
    assert crude["difference"] == pytest.approx(-0.25, abs=0.05)
    assert crude["p_value"] == pytest.approx(2 / 501)
    assert fair["low"] < 0 < fair["high"]
    assert fair["p_value"] > 0.05


def test_q_values_are_over_all_rows(two: dict[str, list[Protein]], tmp_path: Path) -> None:
    rows, _ = _compare([tmp_path / "a", tmp_path / "b"])
    tested = [row for row in rows if row["p_value"] is not None]
    assert len(tested) > 10
    assert [row["q_value"] for row in tested] == pytest.approx(adjusted([row["p_value"] for row in tested]))


def test_every_later_method_is_compared_with_the_first(tmp_path: Path) -> None:
    folders = [write_folder(tmp_path / name, _method(seed, range(12))) for seed, name in enumerate("xyz")]
    rows, _ = _compare(folders)
    assert {(row["method"], row["reference"]) for row in rows if row["reference"]} == {("y", "x"), ("z", "x")}


def test_a_row_does_not_depend_on_the_other_methods_but_for_what_is_pooled(tmp_path: Path) -> None:
    folders = [write_folder(tmp_path / name, _method(seed, range(12))) for seed, name in enumerate("xyz")]
    two, three = (_compare(chosen)[0] for chosen in (folders[:2], folders))
    for row in two:
        if row["lengths"] != "standardised":
            again = _row(
                three, row["lengths"], row["reference"], **{k: row[k] for k in ("against", "subset", "method")}
            )
            assert again | {"q_value": None} == row | {"q_value": None}


def test_the_seed_settles_the_table_and_stands_in_it(two: dict[str, list[Protein]], tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    first, again, other = (_compare(folders, seed=seed)[0] for seed in (1, 1, 2))
    assert first == again
    assert [row["low"] for row in first] != [row["low"] for row in other]
    assert {(row["seed"], row["resamples"]) for row in other} == {(2, 50)}


# What differs between methods


def test_proteins_that_one_lacks_are_left_out_and_told(two: dict[str, list[Protein]], tmp_path: Path) -> None:
    _, comparison = _compare([tmp_path / "a", tmp_path / "b"])
    assert comparison.warnings == (
        "proteins of a that b lacks: 5, such as 'P0'",
        "proteins of b that a lacks: 5, such as 'P30'",
    )


def test_proteins_predicted_differently_are_compared_against_the_true_class_only(tmp_path: Path) -> None:
    a = [Protein(f"P{n}", [(5, 0.2, 0.2)]) for n in range(3)]
    b = [
        Protein("P0", [(5, 0.3, 0.4)]),
        Protein("P1", [(5, 0.9, 0.6)], predicted="Plastid"),
        Protein("P2", [(5, 0.1, 0.1)]),
    ]
    rows, comparison = _compare([write_folder(tmp_path / name, each) for name, each in (("a", a), ("b", b))])
    predicted, true = (_row(rows, "all", "a", against=against) for against in ("predicted", "true"))
    assert (predicted["proteins"], predicted["difference"]) == (2, pytest.approx(0.0))
    assert (true["proteins"], true["difference"]) == (3, pytest.approx((0.2 + 0.4 - 0.1) / 3))
    assert _row(rows, method="b")["proteins"] == 3
    assert comparison.warnings == (
        "proteins that a and b predict differently: 1 of 3; left out of the comparison against the predicted class",
    )


def test_labels_that_not_all_were_scored_against_are_left_out_and_told(tmp_path: Path) -> None:
    proteins = _method(1, range(6))
    folders = [
        write_folder(tmp_path / "a", proteins),
        write_folder(tmp_path / "b", proteins, labels=["predicted"]),
    ]
    rows, comparison = _compare(folders)
    assert {row["against"] for row in rows} == {"predicted"}
    assert comparison.warnings == ("left out what a has against true: not all were scored against it",)
    write_folder(tmp_path / "c", proteins, labels=["true"])
    with pytest.raises(UsageError, match=r"no label that all were scored against \(b: predicted; c: true\)"):
        _compare([tmp_path / "b", tmp_path / "c"])


def test_with_the_true_class_alone_correct_predictions_have_rows(tmp_path: Path) -> None:
    folders = [write_folder(tmp_path / name, _method(1, range(6)), labels=["true"]) for name in "ab"]
    rows, _ = _compare(folders)
    assert {row["subset"] for row in rows} == {"all", "correct", "wrong"}


def test_without_labels_all_proteins_are_compared(tmp_path: Path) -> None:
    proteins = [Protein(f"P{n}", [(5, 0.2, None)], true=None) for n in range(3)]
    folders = [write_folder(tmp_path / name, proteins, labels=["predicted"]) for name in "ab"]
    rows, _ = _compare(folders)
    assert {row["subset"] for row in rows} == {"all"}
    assert _row(rows, "all", "a")["p_value"] == 1.0


def test_methods_without_a_score_have_rows_without_rates(tmp_path: Path) -> None:
    proteins = [Protein(f"P{n}", [(5, None, None)]) for n in range(3)]
    rows, _ = _compare([write_folder(tmp_path / name, proteins) for name in "ab"])
    for row in rows:
        assert row["proteins_scored"] == 0
        for name in ("hit_rate", "difference", "low", "high", "p_value", "q_value"):
            assert row[name] is None


@pytest.mark.parametrize(
    ("manifest", "complaint"),
    [
        ({"definition": "paper"}, "definition is paper here, but unweighted in"),
        ({"exclusion": "none"}, "exclusion is none here, but self in"),
        ({"index": {"digest": "d2", "entries": 7}}, "index.digest is d2 here, but d1 in"),
        ({"proteins": {"name": "proteins.fasta", "sha256": "p2"}}, "proteins.sha256 is p2 here, but p1 in"),
        ({"proteins": None}, "proteins.sha256 is not set here, but p1 in"),
        ({"annotation": {"evidence": "experimental"}}, "annotation.evidence is experimental here, but any in"),
        ({"policy_of_later": 3}, "policy_of_later is 3 here, but not set in"),
    ],
)
def test_methods_that_were_not_scored_alike_are_refused(
    tmp_path: Path, manifest: dict[str, Any], complaint: str
) -> None:
    folders = [
        write_folder(tmp_path / "a", _method(1, range(3))),
        write_folder(tmp_path / "b", _method(1, range(3)), **manifest),
    ]
    with pytest.raises(UsageError) as refused:
        _compare(folders)
    assert str(refused.value) == f"{folders[1]}: {complaint} {folders[0]}; score all methods alike"


def test_methods_may_differ_in_what_is_their_own(tmp_path: Path) -> None:
    own = {
        "subsequences": {"sha256": "s2"},
        "excluded": {"entries": 4},
        "against": "both",
        "tools": {"pslidx": "9"},
        "seed": 5,
    }
    same_file = {"proteins": {"name": "other name", "sha256": "p1"}}
    folders = [
        write_folder(tmp_path / "a", _method(1, range(3))),
        write_folder(tmp_path / "b", _method(1, range(3)), **own, **same_file),
    ]
    assert _compare(folders)[1].warnings == ()


@pytest.mark.parametrize(
    ("labels", "protein", "complaint"),
    [
        (("predicted", "true"), {"true": "Plastid"}, "true class of query 'P2' is Plastid here, but Nucleus in"),
        (("predicted",), {"true": "Plastid"}, "correct of query 'P2' is False here, but True in"),
    ],
)
def test_a_protein_of_two_true_classes_is_refused(
    tmp_path: Path, labels: Sequence[str], protein: dict[str, str], complaint: str
) -> None:
    proteins = [Protein(f"P{n}", [(5, 0.5, 0.5)]) for n in range(3)]
    other = [*proteins[:2], proteins[2]._replace(**protein)]
    folders = [write_folder(tmp_path / name, each, labels=labels) for name, each in (("a", proteins), ("b", other))]
    with pytest.raises(UsageError, match=complaint):
        _compare(folders)


def test_tables_that_do_not_fit_together_are_refused(tmp_path: Path) -> None:
    good = write_folder(tmp_path / "good", _method(1, range(3)))
    twice = write_folder(tmp_path / "twice", [*_method(1, range(3)), *_method(2, range(1))])
    with pytest.raises(InputError, match="twice: a query stands twice among the proteins against predicted"):
        _compare([good, twice])
    foreign = write_folder(tmp_path / "foreign", _method(1, range(3)))
    path = foreign / "subsequences.tsv"
    path.write_text(path.read_text().replace("P2", "P7"))
    with pytest.raises(InputError, match="foreign: a subsequence against predicted is of no query among the proteins"):
        _compare([good, foreign])


def test_two_methods_of_different_names_are_needed(tmp_path: Path) -> None:
    method = read_method(write_folder(tmp_path / "a", _method(1, range(3))))
    with pytest.raises(UsageError, match="two or more folders"):
        compare([method])
    with pytest.raises(UsageError, match="two methods have the name 'a'; name them: NAME=DIR"):
        compare([method, method])


def test_an_interval_takes_two_resamples(tmp_path: Path) -> None:
    methods = [read_method(write_folder(tmp_path / name, _method(1, range(5)))) for name in ("a", "b")]
    with pytest.raises(UsageError, match="an interval takes at least 2 resamples, found 1"):
        compare(methods, resamples=1)
    assert {row["resamples"] for row in compare(methods, resamples=2).table.to_pylist()} == {2}
