"""Null models: what they draw from, against slow enumerations of the same."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from psl_eval import HitRates, hit_rate
from psl_eval.statistics.strata import stratum_of
from psl_index import Index
from psl_index.errors import UsageError
from tests.psl_eval.reference import Entry, mean, score

PROTEINS = {
    "P": ("MKKRAWMKKDE", "Nucleus", "Nucleus"),
    "Q": ("AAMKKGGDEAW", "Plastid", "Nucleus"),
    "R": ("WAWDEMKKRA", "Nucleus", "Plastid"),
    "S": ("DEDEAWKKRA", "Cytoplasm", "Cytoplasm"),
}
SUBSEQUENCES = [
    ("P", 1, 3),
    ("P", 7, 9),
    ("P", 10, 11),
    ("Q", 3, 5),
    ("Q", 8, 9),
    ("R", 4, 5),
    ("S", 1, 4),
    ("S", 3, 4),
]
DATABASE = [
    Entry("E1", "MKKRAWDE", frozenset(["Nucleus"])),
    Entry("E2", "GAMKKWDEDE", frozenset(["Plastid", "Nucleus"])),
    Entry("E3", "WAWGGDEAWKKR", frozenset(["Cytoplasm"])),
    Entry("Q", "AAMKKGGDEAW", frozenset(["Plastid"])),
    Entry("E5", "RAWAWDED", frozenset()),
]


@pytest.fixture(scope="module")
def index(build_index: Callable[..., Index]) -> Index:
    return build_index(DATABASE)


@pytest.fixture(scope="module")
def proteins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("proteins") / "proteins.fasta"
    path.write_text("".join(f">{name}\n{sequence}\n" for name, (sequence, *_) in PROTEINS.items()))
    return path


def rows() -> pa.Table:
    columns = [
        (name, start, end, PROTEINS[name][0][start - 1 : end], *PROTEINS[name][1:]) for name, start, end in SUBSEQUENCES
    ]
    names = ("query", "start", "end", "subsequence", "predicted", "true")
    return pa.table(dict(zip(names, zip(*columns, strict=True), strict=True)))


def rate_of(name: str, start: int, length: int, psl_class: str, definition: str = "paper") -> float | None:
    """Hit rate of a window of a protein, without the protein's own entry."""
    own = {number for number, entry in enumerate(DATABASE) if entry.accession == name}
    window = PROTEINS[name][0][start - 1 : start - 1 + length]
    return score(window, start, psl_class, DATABASE, own, definition).hit_rate


def summary_row(found: HitRates, **chosen: object) -> dict[str, object]:
    (row,) = [row for row in found.summary.to_pylist() if chosen.items() <= row.items()]
    return row


@pytest.fixture(scope="module")
def found(index: Index, proteins: Path) -> HitRates:
    """Scored with random windows."""
    return hit_rate(index, rows(), proteins=proteins, against="both", nulls=["window"], draws=4000)


class TestWindow:
    def test_each_subsequence_stands_among_all_windows_of_its_protein(self, found: HitRates) -> None:
        shown = [row for row in found.windows.to_pylist() if row["against"] == "predicted"]
        assert [(row["query"], row["start"], row["end"]) for row in shown] == SUBSEQUENCES
        for row in shown:
            sequence, predicted, _ = PROTEINS[row["query"]]
            length = row["end"] - row["start"] + 1
            rates = [rate_of(row["query"], at, length, predicted) for at in range(1, len(sequence) - length + 2)]
            known = [rate for rate in rates if rate is not None]
            own = rates[row["start"] - 1]
            assert (row["windows"], row["windows_scored"]) == (len(rates), len(known))
            assert row["hit_rate"] == pytest.approx(own)
            assert row["mean"] == pytest.approx(mean(rates))
            assert row["attainable"] == pytest.approx(max(known, default=None))
            below = sum(rate < own - 1e-9 for rate in known) if own is not None else 0
            equal = sum(abs(rate - own) <= 1e-9 for rate in known) if own is not None else 0
            percentile = None if own is None else 100 * (below + equal / 2) / len(known)
            assert row["percentile"] == pytest.approx(percentile)

    def test_draws_are_of_those_windows(self, found: HitRates) -> None:
        """Their mean is that over all combinations of windows, each protein's by itself."""
        for name, (sequence, predicted, true) in PROTEINS.items():
            for against, psl_class in (("predicted", predicted), ("true", true)):
                lengths = [end - start + 1 for query, start, end in SUBSEQUENCES if query == name]
                windows = [
                    [rate_of(name, at, length, psl_class) for at in range(1, len(sequence) - length + 2)]
                    for length in lengths
                ]
                means = [mean(rates) for rates in itertools.product(*windows)]
                known = [rate for rate in means if rate is not None]
                (row,) = [
                    row for row in found.proteins.to_pylist() if (row["query"], row["against"]) == (name, against)
                ]
                assert row["null_hit_rate"] == pytest.approx(np.mean(known), abs=4 * np.std(known) / 4000**0.5 + 1e-9)
                if row["hit_rate"] is None:
                    assert row["p_value"] is None
                    continue
                reached = np.mean([rate >= row["hit_rate"] - 1e-9 for rate in known])
                assert row["p_value"] == pytest.approx(reached, abs=0.04)

    def test_the_summary_has_lift_percentile_and_what_could_be_attained(self, found: HitRates) -> None:
        row = summary_row(found, against="predicted", subset="all", exclusion="self")
        assert (row["null"], row["draws"]) == ("window", 4000)
        assert row["lift"] == pytest.approx(row["hit_rate"] / row["null_hit_rate"])
        assert row["null_low"] <= row["null_hit_rate"] <= row["null_high"]
        of_proteins: dict[str, list[tuple[float, float]]] = {}
        for line in found.windows.to_pylist():
            if line["against"] == "predicted" and line["percentile"] is not None:
                of_proteins.setdefault(line["query"], []).append((line["percentile"], line["attainable"]))
        means = np.mean([np.mean(lines, axis=0) for lines in of_proteins.values()], axis=0)
        assert (row["percentile"], row["attainable"]) == (pytest.approx(means[0]), pytest.approx(means[1]))
        with_itself = summary_row(found, against="predicted", subset="all", exclusion="none")
        assert with_itself["percentile"] is None
        assert with_itself["null_hit_rate"] > row["null_hit_rate"], "windows of Q find Q itself"

    def test_by_the_released_definition_proteins_are_scored_as_a_whole(self, index: Index, proteins: Path) -> None:
        """Windows as long as the protein leave nothing to draw: the null is the observed."""
        sequence = PROTEINS["P"][0]
        whole = pa.table(
            {"query": ["P"], "start": [1], "end": [len(sequence)], "subsequence": [sequence], "predicted": ["Nucleus"]}
        )
        found = hit_rate(index, whole, proteins=proteins, definition="released", nulls=["window"], draws=5)
        row = summary_row(found, subset="all", exclusion="self")
        assert (row["hit_rate"], row["null_hit_rate"], row["p_value"]) == (0.0, 0.0, 1.0)
        many = hit_rate(index, rows(), proteins=proteins, definition="released", nulls=["window"], draws=200)
        row = summary_row(many, subset="all", exclusion="self")
        assert 0 < row["null_hit_rate"] < 1
        assert len(many.windows) == 0


class TestOtherClass:
    def test_windows_are_of_one_protein_without_the_class_at_the_same_places(
        self, index: Index, proteins: Path
    ) -> None:
        found = hit_rate(index, rows(), proteins=proteins, nulls=["other-class"], draws=4000)
        row = summary_row(found, subset="all", exclusion="self")
        expected = []
        for name, (_, predicted, _) in PROTEINS.items():
            stretches = [(start, end) for query, start, end in SUBSEQUENCES if query == name]
            last = max(end for _, end in stretches)
            donors = [other for other, (s, p, _) in PROTEINS.items() if p != predicted and len(s) >= last]
            rates = [
                [rate_of(other, start, end - start + 1, predicted) for start, end in stretches] for other in donors
            ]
            expected.append([mean(of_donor) for of_donor in rates])
        draws = np.random.default_rng(5)
        simulated = [mean([rates[draws.integers(len(rates))] for rates in expected]) for _ in range(4000)]
        assert row["null_hit_rate"] == pytest.approx(np.mean(simulated), abs=0.02)

    def test_its_draws_are_no_null_distribution(self, index: Index, proteins: Path) -> None:
        """Donors are of the same test set, and are chosen not to have the class: only their mean is of use."""
        found = hit_rate(index, rows(), proteins=proteins, nulls=["other-class"], draws=20)
        row = summary_row(found, subset="all", exclusion="self")
        assert row["lift"] is not None
        assert {row[name] for name in ("p_value", "q_value", "null_low", "null_high")} == {None}

    @pytest.mark.parametrize("definition", ["paper", "released"])
    def test_without_another_class_there_is_nothing_to_draw(
        self, index: Index, proteins: Path, definition: str
    ) -> None:
        alike = rows().set_column(4, "predicted", pa.array(["Nucleus"] * len(SUBSEQUENCES))).drop_columns(["true"])
        found = hit_rate(index, alike, proteins=proteins, definition=definition, nulls=["other-class"], draws=3)
        row = summary_row(found, subset="all", exclusion="self")
        assert (row["null_hit_rate"], row["lift"], row["null_proteins_scored"]) == (None, None, 0.0)

    def test_the_lift_is_of_the_proteins_that_have_one_to_draw_from(
        self, build_index: Callable[..., Index], tmp_path: Path
    ) -> None:
        index = build_index(
            [
                ("E", "MKKA", ["Nucleus"]),
                ("F", "GDEA", ["Plastid"]),
                ("G", "GDEC", ["Nucleus"]),
                ("H", "WWWA", ["Plastid"]),
            ]
        )
        table = pa.table(
            {
                "query": ["L", "S", "T"],
                "start": [13, 1, 1],
                "end": [15, 3, 3],
                "subsequence": ["WWW", "MKK", "GDE"],
                "predicted": ["Nucleus", "Nucleus", "Plastid"],
            }
        )
        fasta = tmp_path / "proteins.fasta"
        fasta.write_text(">L\nMKKAAAAAAAAAWWW\n>S\nMKKAAA\n>T\nGDEAAA\n")
        choices = {"definition": "unweighted", "exclude": "none", "nulls": ["other-class"], "draws": 10}
        row = summary_row(hit_rate(index, table, proteins=fasta, **choices), subset="all")
        assert row["hit_rate"] == pytest.approx((0 + 1 + 1 / 2) / 3)
        # None of another class is as long as L. S draws GDE (1/2 Nucleus), T draws MKK (not Plastid).
        assert row["null_hit_rate"] == pytest.approx((1 / 2 + 0) / 2)
        assert row["null_proteins_scored"] == 2
        assert row["lift"] == pytest.approx((1 + 1 / 2) / 2 / (1 / 4)), "of S and T"


class TestLabel:
    def test_labels_are_permuted_within_strata(self, index: Index) -> None:
        found = hit_rate(index, rows(), exclude="none", nulls=["label"], draws=3000)
        row = summary_row(found, subset="all", exclusion="none")
        strata: dict[tuple[bool, int], list[str]] = {}
        for name, (_, predicted, true) in PROTEINS.items():
            lengths = [end - start + 1 for query, start, end in SUBSEQUENCES if query == name]
            place = int(stratum_of([round(float(np.mean(lengths)))])[0])
            strata.setdefault((predicted == true, place), []).append(name)
        permutations = []
        for choice in itertools.product(*(itertools.permutations(names) for names in strata.values())):
            label = {
                name: PROTEINS[other][1]
                for names, permuted in zip(strata.values(), choice, strict=True)
                for name, other in zip(names, permuted, strict=True)
            }
            rates = {
                name: [
                    score(PROTEINS[name][0][start - 1 : end], start, label[name], DATABASE, set(), "paper").hit_rate
                    for query, start, end in SUBSEQUENCES
                    if query == name
                ]
                for name in PROTEINS
            }
            permutations.append(mean([mean(of_protein) for of_protein in rates.values()]))
        assert row["null_hit_rate"] == pytest.approx(np.mean(permutations), abs=0.01)
        assert row["p_value"] == pytest.approx(
            np.mean([rate >= row["hit_rate"] - 1e-12 for rate in permutations]), abs=0.03
        )

    def test_clusters_exchange_their_labels_as_a_whole(self, build_index: Callable[..., Index], tmp_path: Path) -> None:
        """Two clusters of three: exchanged or not, and nothing between."""
        index = build_index([("E", "MKKW", ["Nucleus"]), ("F", "GDEW", ["Plastid"])])
        names = [f"{letter}{number}" for letter in "AB" for number in range(3)]
        table = pa.table(
            {
                "query": names,
                "start": [1] * 6,
                "end": [3] * 6,
                "subsequence": ["MKK"] * 3 + ["GDE"] * 3,
                "predicted": ["Nucleus"] * 3 + ["Plastid"] * 3,
            }
        )
        clusters = tmp_path / "clusters.tsv"
        clusters.write_text("".join(f"{name[0]}0\t{name}\n" for name in [*names, "AE", "BF"]))
        fasta = tmp_path / "proteins.fasta"
        fasta.write_text("".join(f">{name}\n{'MKK' if name[0] == 'A' else 'GDE'}\n" for name in names))
        settings = {"exclude": "none", "nulls": ["label"], "draws": 400, "proteins": fasta}
        alone = summary_row(hit_rate(index, table, **settings), subset="all")
        whole = summary_row(hit_rate(index, table, clusters=clusters, **settings), subset="all")
        assert alone["p_value"] == pytest.approx(1 / 20, abs=0.04), "of 20 ways to give out three labels each"
        assert whole["p_value"] == pytest.approx(1 / 2, abs=0.08), "of two"

    def test_proteins_without_a_score_keep_their_labels(self, build_index: Callable[..., Index]) -> None:
        """That proteins of one class are scored more often is not what is tested."""
        index = build_index([("E", "MKKW", ["Nucleus"])])
        table = pa.table(
            {
                "query": [f"P{number}" for number in range(8)],
                "start": [1] * 8,
                "end": [3] * 8,
                "subsequence": ["MKK"] * 4 + ["WWW"] * 4,
                "predicted": ["Nucleus"] * 4 + ["Plastid"] * 4,
            }
        )
        row = summary_row(hit_rate(index, table, exclude="none", nulls=["label"], draws=50), subset="all")
        assert (row["hit_rate"], row["null_hit_rate"], row["p_value"]) == (1.0, 1.0, 1.0)

    def test_one_class_for_all_gives_no_lift(self, index: Index) -> None:
        alike = rows().set_column(4, "predicted", pa.array(["Nucleus"] * len(SUBSEQUENCES))).drop_columns(["true"])
        row = summary_row(hit_rate(index, alike, exclude="none", nulls=["label"], draws=5), subset="all")
        assert (row["lift"], row["p_value"]) == (pytest.approx(1.0), 1.0)


def test_several_nulls_have_a_row_each_and_each_is_a_family_of_q_values(index: Index, proteins: Path) -> None:
    found = hit_rate(
        index, rows(), proteins=proteins, against="both", nulls=["label", "window", "other-class"], draws=50
    )
    table = found.summary.to_pylist()
    assert len(table) == 2 * 3 * 2 * 3
    for exclusion, null in itertools.product(("self", "none"), ("label", "window")):
        family = [row for row in table if (row["exclusion"], row["null"]) == (exclusion, null)]
        known = sorted(row["p_value"] for row in family if row["p_value"] is not None)
        assert known
        for row in family:
            if row["p_value"] is not None:
                above = [p * len(known) / (place + 1) for place, p in enumerate(known) if p >= row["p_value"]]
                assert row["q_value"] == pytest.approx(min([1.0, *above]))


def test_the_seed_settles_the_draws_and_threads_do_not(index: Index, proteins: Path) -> None:
    def drawn(seed: int, threads: int) -> list[float | None]:
        nulls = ["label", "window", "other-class"]
        found = hit_rate(
            index, rows(), proteins=proteins, nulls=nulls, draws=20, seed=seed, threads=threads, resamples=50
        )
        return found.summary["null_hit_rate"].to_pylist() + found.summary["low"].to_pylist()

    assert drawn(1, 1) == drawn(1, 3)
    assert drawn(1, 1) != drawn(2, 1)


def test_windows_take_the_sequences_of_the_proteins(index: Index) -> None:
    for null in ("window", "other-class"):
        with pytest.raises(UsageError, match="--proteins FILE"):
            hit_rate(index, rows(), nulls=[null], exclude="none")


@pytest.mark.parametrize("null", ["label", "other-class"])
def test_what_rests_on_labels_is_not_for_all_classes(index: Index, proteins: Path, null: str) -> None:
    with pytest.raises(UsageError, match="against predicted, true or both"):
        hit_rate(index, rows(), proteins=proteins, exclude="none", against="all", nulls=[null])


def test_p_values_of_noise_are_even(build_index: Callable[..., Index], tmp_path: Path) -> None:
    """Families whose class is drawn by lot: at most some 5 % of p-values are below 5 %, by labels and by windows."""
    dice = np.random.default_rng(7)
    letters = np.array([*"ACDEFGHIKL"])
    families = ["".join(dice.choice(letters, 30)) for _ in range(24)]
    classes = ["Nucleus", "Plastid"]
    index = build_index([(f"E{n}", family, [classes[dice.integers(2)]]) for n, family in enumerate(families)])
    names = [f"Q{n}{member}" for n in range(24) for member in "ab"]
    fasta, clusters = tmp_path / "proteins.fasta", tmp_path / "clusters.tsv"
    fasta.write_text("".join(f">{name}\n{families[int(name[1:-1])]}\n" for name in names))
    clusters.write_text("".join(f"E{name[1:-1]}\t{name}\n" for name in names))
    p_values: dict[str, list[float]] = {"label": [], "window": []}
    for _ in range(60):
        starts = dice.integers(1, 27, len(names))
        lot = [classes[dice.integers(2)] for _ in families]
        table = pa.table(
            {
                "query": names,
                "start": starts,
                "end": starts + 3,
                "subsequence": [families[int(n[1:-1])][s - 1 : s + 3] for n, s in zip(names, starts, strict=True)],
                "predicted": [lot[int(name[1:-1])] for name in names],
            }
        )
        found = hit_rate(
            index,
            table,
            proteins=fasta,
            clusters=clusters,
            exclude="none",
            nulls=["label", "window"],
            draws=99,
            resamples=2,
        )
        for null, values in p_values.items():
            values.append(float(summary_row(found, subset="all", null=null)["p_value"]))
    for values in p_values.values():
        assert np.mean(np.array(values) <= 0.05) < 0.17, "3 of 60 expected, 10 would be one in a thousand"
        assert 0.3 < np.mean(values) < 0.7
