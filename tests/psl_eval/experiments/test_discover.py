"""Discovery: where subsequences are written, their hit rates beside all windows, and which are found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import scipy.stats

from psl_eval.experiments.importance.discover import Discover
from psl_eval.experiments.importance.discoveries import draw, findings
from psl_eval.experiments.importance.pattern_files import most_frequent
from psl_eval.experiments.importance.places import own_positions
from psl_eval.experiments.importance.subsequence_hits import Hits, HitScoring
from psl_eval.experiments.importance.verdicts import DISCOVERED, judged
from psl_eval.experiments.models import NamedModel
from psl_eval.experiments.parts import parts_of
from psl_eval.experiments.result import Result
from psl_eval.experiments.scored_subsequences import proteins_of
from psl_eval.explanations.asked import Asked
from psl_eval.statistics.rows import table_of
from psl_index.errors import InputError, UsageError
from psl_index.index import Index
from psl_models.model import Model
from psl_models.prediction import predict
from tests.psl_eval.experiments.small_experiments import asked_of, named, nothing
from tests.psl_models.small_models import small_model

RNG = np.random.default_rng(8)
LETTERS = list("ACDEFGHIKLNPQRSTVWY")
PLANTED = "KKRKVW"  # at residue 11 of the first eight proteins, which are of the nucleus
SEQUENCES = [
    "M"
    + "".join(RNG.choice(LETTERS, 9))
    + (PLANTED if number < 8 else "".join(RNG.choice(LETTERS, 6)))
    + "".join(RNG.choice(LETTERS, 160 + number))
    for number in range(16)
]
LABELS = ["Nucleus"] * 8 + ["Cytoplasm"] * 8
#: The proteins, relatives of the first eight that live elsewhere and lack what is planted, and the third one again.
ENTRIES = [
    *((f"P{number}", SEQUENCES[number], LABELS[number]) for number in range(16)),
    *((f"R{number}", SEQUENCES[number].replace(PLANTED, "GGGGGG"), "Cytoplasm") for number in range(8)),
    ("Q2", SEQUENCES[2], "Cytoplasm"),
]


@pytest.fixture
def asked() -> Asked:
    return asked_of(SEQUENCES, LABELS)


@pytest.fixture
def index(build_index: Callable[..., Index]) -> Index:
    return build_index([(accession, sequence, [label]) for accession, sequence, label in ENTRIES])


def subsequences(*spans: tuple[int, int, int], sequences: list[str] = SEQUENCES) -> pa.Table:
    """Of (number of the protein, start, end), 1-based and inclusive; all predicted to be in the nucleus."""
    numbers, starts, ends = zip(*spans, strict=True)
    return pa.table(
        {
            "query": [f"P{number}" for number in numbers],
            "start": pa.array(starts, pa.uint32()),
            "end": pa.array(ends, pa.uint32()),
            "subsequence": [sequences[number][start - 1 : end] for number, start, end in spans],
            "predicted": ["Nucleus"] * len(spans),
            "score": pa.nulls(len(spans), pa.float64()),
        }
    )


TABLE = subsequences(*((number, 11, 16) for number in range(8)), (9, 2, 6), (0, 20, 25), (2, 3, 7))
OF_9, OF_0, OF_2 = TABLE["subsequence"].to_pylist()[8:]


def model_that_likes(residues: str) -> Model:
    """A model whose first logit is a mean over residues, above average for these."""
    model = small_model("mlp", "uniform")
    liked, average = predict(model, [residues, "".join(LETTERS)]).logits[:, 0]
    if liked < average:
        model.network.classifier.weight.data[0].neg_()
    return model


def ran(asked: Asked, folder: Path, index: Index | None, **choices: Any) -> Result:
    model = NamedModel("small", model_that_likes(PLANTED))
    experiment = Discover(("Nucleus",), number=40, resamples=50, **choices)
    with parts_of(folder / "out", "test") as parts:
        return experiment.run(model, TABLE, asked, asked, parts, nothing, index=index, threads=1)


def rates_of_windows(number: int, length: int, definition: str) -> dict[int, float]:
    """The plain way: hit rate of each window of a protein that another entry holds, by its start."""
    rates = {}
    for start in range(len(SEQUENCES[number]) - length + 1):
        window = SEQUENCES[number][start : start + length]
        weights = []
        for accession, sequence, label in ENTRIES:
            places = [q for q in range(len(sequence)) if sequence.startswith(window, q)]
            if accession != f"P{number}" and places:
                distance = min(abs(q - start) for q in places)
                near = 1.0 if definition == "unweighted" or not distance else 1 / distance
                weights.append(near * (label == "Nucleus"))
        if weights:
            rates[start + 1] = float(np.mean(weights))
    return rates


@pytest.mark.parametrize("definition", ["paper", "unweighted"])
def test_hits_stand_among_all_windows_of_the_same_proteins(definition: str, asked: Asked, index: Index) -> None:
    table = subsequences(*((number, 11, 16) for number in range(8)), (2, 3, 8), (2, 14, 20), (9, 2, 6))
    frequent = most_frequent(table, 9)
    scoring = HitScoring(index, proteins_of(asked), definition, threads=1)
    hits = dict(zip((each.residues for each in frequent), scoring.hits_of(table, frequent, "Nucleus"), strict=True))
    for each in frequent:
        own, null, middle, at_least = [], [], [], []
        for row in each.rows:
            start, query = table["start"][row].as_py(), int(table["query"][row].as_py()[1:])
            rates = rates_of_windows(query, len(each.residues), definition)
            if start in rates:
                values = np.array(list(rates.values()))
                own.append(rates[start])
                null.append(values.mean())
                middle.append((values > rates[start]).mean() + (values == rates[start]).mean() / 2)
                at_least.append((values >= rates[start]).mean())
        found = hits[each.residues]
        if not own:
            assert (found.proteins_scored, found.entries, found.matching) == (0, 0, 0)
            assert np.isnan(found[3:]).all()
            continue
        assert found.proteins_scored == len(own)
        assert found.hit_rate == pytest.approx(np.mean(own))
        assert found.null_hit_rate == pytest.approx(np.mean(null))
        assert found.p_value == pytest.approx(min(1.0, 2 * np.mean(middle)))
        assert found.least_p <= found.p_value
        if len(own) == 1:  # what ties cannot make too small
            assert found.p_value >= at_least[0]
    assert sum(np.isnan(each.p_value) for each in hits.values()) == 1


def test_those_are_found_that_raise_the_logit_and_hit_above_windows(asked: Asked, index: Index, tmp_path: Path) -> None:
    result = ran(asked, tmp_path, index)
    rows = {row["subsequence"]: row for row in result.table.to_pylist()}
    planted, relative, own, alone = (rows[text] for text in (PLANTED, OF_2, OF_0, OF_9))
    assert (planted["proteins"], planted["position"]) == (8, 11)
    assert (planted["proteins_scored"], planted["entries"], planted["matching"]) == (8, 8, 7)  # but for itself
    assert (relative["entries"], relative["matching"], relative["hit_rate"]) == (2, 0, 0)
    assert (own["entries"], own["above_null"]) == (1, False)
    assert (alone["entries"], alone["hit_rate"], alone["above_null"]) == (0, None, None)
    for row in rows.values():
        assert row["matters"] == (row["importance"] > 0 and row["q_value"] < 0.05)
    assert [name for name, row in rows.items() if row["found"]] == [PLANTED]
    assert planted["hit_rate"] == pytest.approx(7 / 8)
    assert result.settings["exclude"] == "self"
    assert any(
        sentence.startswith(f"Nucleus: {PLANTED} from residue 11 on (8 proteins)") for sentence in result.findings
    )
    assert result.findings[3] == "Nucleus: 1 of 4 do both, and are found (q < 0.05 for both at once)"


def test_each_class_is_judged_by_itself(asked: Asked, index: Index, tmp_path: Path) -> None:
    predicted = ["Nucleus"] * 8 + ["Cytoplasm"] * 3
    both = TABLE.set_column(4, "predicted", pa.array(predicted))
    model = NamedModel("small", model_that_likes(PLANTED))
    choices = {"number": 40, "resamples": 50}
    with parts_of(tmp_path / "out", "test") as parts:
        together, first, second = (
            Discover(targets, **choices).run(model, both, asked, asked, parts, nothing, index=index, threads=1)
            for targets in (("Nucleus", "Cytoplasm"), ("Nucleus",), ("Cytoplasm",))
        )
    assert together.table == pa.concat_tables([first.table, second.table])
    assert together.findings == first.findings + second.findings
    assert list(together.figures) == ["discover", "discover-2"]
    cytoplasm = {row["subsequence"]: row for row in second.table.to_pylist()}
    assert (cytoplasm[OF_2]["entries"], cytoplasm[OF_2]["matching"]) == (2, 2)


def test_without_an_index_what_matters_is_found(asked: Asked, tmp_path: Path) -> None:
    result = ran(asked, tmp_path, None)
    rows = result.table.to_pylist()
    assert len(rows) == 4
    assert next(row["found"] for row in rows if row["subsequence"] == PLANTED)
    assert not any(row["order_matters"] for row in rows)  # to this model
    assert all(row["found"] == row["matters"] and row["above_null"] is None for row in rows)
    order = [(not row["found"], -row["importance"]) for row in rows]
    assert order == sorted(order)
    found = [row for row in rows if row["found"]]
    assert len(result.findings) == 2 + len(found)
    assert (
        result.findings[1]
        == "Nucleus: 3 of 4 were extracted from a single protein each: more proteins show which recur"
    )
    assert result.findings[2].startswith(f"Nucleus: {found[0]['subsequence']} ")
    assert f"raises it by {found[0]['importance']:.3f} (" in result.findings[2]


def row_of(number: int, importance: float, p_value: float, q_value: float) -> dict[str, Any]:
    numbers = {"importance": importance, "low": importance - 1, "high": importance + 1, "p_value": p_value}
    against = {"expected": 0.1, "difference": importance - 0.1, "difference_q": 0.01}
    about = {"class": "Nucleus", "subsequence": "K" * (3 + number), "proteins": 2, "position": 1, "backgrounds": 9}
    return about | numbers | against | {"q_value": q_value}


def hits(rate: float, null: float, p_value: float) -> Hits:
    return Hits(1, 5.0, 4.0, rate, null, p_value, 0.001) if p_value == p_value else Hits(0, 0.0, 0.0, *[np.nan] * 4)


JUDGED = [row_of(0, 2.0, 1e-6, 5e-6), row_of(1, 3.0, 1e-6, 5e-6), row_of(2, -1.0, 1e-6, 5e-6), row_of(3, 1.0, 0.6, 0.6)]
JUDGED += [row_of(4, 4.0, 1e-6, 5e-6)]
HITS = [hits(0.9, 0.2, 0.001), hits(0.1, 0.2, 0.9), hits(0.9, 0.2, 0.001), hits(0.9, 0.2, 0.001), hits(0, 0, np.nan)]


def test_what_is_found_does_both_and_false_ones_are_few_among_them() -> None:
    rows = {len(row["subsequence"]) - 3: row for row in judged(JUDGED, HITS)}
    larger = [0.001, 0.9, 0.001, 0.6]
    expected = scipy.stats.false_discovery_control(larger)
    assert [rows[number]["found_q"] for number in range(4)] == pytest.approx(expected)
    assert np.isnan(rows[4]["found_q"])
    assert [rows[number]["above_null"] for number in range(5)] == [True, False, True, True, None]
    assert [rows[number]["matters"] for number in range(5)] == [True, True, False, False, True]
    assert [rows[number]["found"] for number in range(5)] == [True, False, False, False, False]
    assert list(rows) == [0, 4, 1, 3, 2]  # found first, then by importance


def test_the_findings_of_what_is_found_and_of_what_is_nearest() -> None:
    table = table_of(judged(JUDGED, HITS), DISCOVERED)
    assert findings(table) == (
        "Nucleus: 3 of 5 subsequences raise its logit (q < 0.05), 3 of them more than their residues in random order "
        "do",
        "Nucleus: 4 of 5 are in entries of the index that count; 3 of them hit more often than windows of the same "
        "proteins do (q < 0.05)",
        "Nucleus: 1 of 5 do both, and are found (q < 0.05 for both at once)",
        "Nucleus: KKK at the N-terminus (2 proteins) raises it by 2.000 (1.000 to 3.000); 4 of 5 entries that hold it "
        "are of the class, hit rate 0.900 against 0.200 of windows (1 of 2 proteins scored)",
    )
    assert [len(figure.axes) for figure in draw(table).values()] == [2]
    unclear = table_of(judged(JUDGED[:2], [hits(0.9, 0.2, 0.3), hits(0.1, 0.2, 0.9)]), DISCOVERED)
    assert findings(unclear, ["Nucleus"])[1:3] == (
        "Nucleus: 2 of 2 are in entries of the index that count; their proteins have too few windows to tell any of "
        "them from chance",
        "Nucleus: 0 of 2 do both, and are found (q < 0.05 for both at once)",
    )
    assert findings(unclear)[3].startswith("Nucleus: not found, but among the nearest to it (p = 0.3): KKK at ")
    assert len(findings(unclear)) == 4
    unknown = table_of(judged(JUDGED[:1], HITS[4:]), DISCOVERED)
    assert findings(unknown)[1:] == (
        "Nucleus: no entry of the index that counts holds any of them, so there is no hit rate",
    )
    assert [len(figure.axes) for figure in draw(unknown).values()] == [1]


def test_a_subsequence_keeps_its_distance_from_the_nearer_end() -> None:
    sequences = ["M" + "".join(RNG.choice(LETTERS, 299)) for _ in range(2)]
    table = subsequences((0, 3, 6), (0, 296, 299), (1, 1, 4), (1, 130, 140), sequences=sequences)
    frequent = most_frequent(table, 9)
    found = own_positions(table, frequent, asked_of(sequences))
    positions = dict(zip((each.residues for each in frequent), found, strict=True))
    assert [positions[text] for text in table["subsequence"].to_pylist()] == [3, -2, 1, 0]


def test_a_subsequence_of_several_proteins_has_the_median_place() -> None:
    sequences = [f"M{'A' * before}KRKR{'A' * 250}" for before in (10, 14, 90)]
    table = subsequences(*((n, before + 2, before + 5) for n, before in enumerate((10, 14, 90))), sequences=sequences)
    assert own_positions(table, most_frequent(table, 1), asked_of(sequences)) == [16]


def test_proteins_that_are_not_those(asked: Asked) -> None:
    planted = TABLE.slice(0, 8)
    strange = planted.set_column(0, "query", pa.array(["q"] * 8))
    with pytest.raises(InputError, match="has no protein 'q', from which KKRKVW was extracted; give the proteins"):
        own_positions(strange, most_frequent(strange, 1), asked)
    for start in (12, 99):
        moved = planted.set_column(1, "start", pa.array([start] * 8, pa.uint32()))
        with pytest.raises(InputError, match=f"protein 'P0' does not have KKRKVW at {start}-16"):
            own_positions(moved, most_frequent(moved, 1), asked)


@pytest.mark.parametrize(
    ("target", "choices", "error", "problem"),
    [
        ("Cytoplasm", {}, InputError, "no subsequence of a protein that is predicted to be in Cytoplasm"),
        ("Vacuole", {}, UsageError, "bilstm knows no class 'Vacuole'"),
        ("Nucleus", {"exclude": "train"}, UsageError, "bilstm does not say what it has learned from"),
        ("Nucleus", {"exclude": "cluster"}, UsageError, "needs a file of clusters"),
        ("Nucleus", {"background": "zeros"}, UsageError, "unknown background 'zeros'"),
    ],
)
def test_what_makes_no_sense(
    target: str, choices: dict[str, Any], error: type, problem: str, asked: Asked, index: Index, tmp_path: Path
) -> None:
    with parts_of(tmp_path / "out", "test") as parts, pytest.raises(error, match=problem):
        Discover((target,), **choices).run(named(), TABLE, asked, asked, parts, nothing, index=index, threads=1)
    assert not (tmp_path / "out").exists()


def test_an_index_without_locations(asked: Asked, build_index: Callable[..., Index], tmp_path: Path) -> None:
    index = build_index([("P0", SEQUENCES[0], [])])
    with (
        parts_of(tmp_path / "out", "test") as parts,
        pytest.raises(InputError, match="no entry of the index has a known"),
    ):
        Discover(("Nucleus",)).run(named(), TABLE, asked, asked, parts, nothing, index=index, threads=1)


def test_a_list_of_peptides_has_no_proteins(asked: Asked, tmp_path: Path) -> None:
    peptides = TABLE.set_column(1, "start", pa.nulls(len(TABLE), pa.uint32()))
    peptides = peptides.set_column(4, "predicted", pa.nulls(len(TABLE), pa.string()))
    with parts_of(tmp_path / "out", "test") as parts, pytest.raises(InputError, match="a subsequence has no protein"):
        Discover(("Nucleus",)).run(named(), peptides, asked, asked, parts, nothing)
