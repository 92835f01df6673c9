"""Whether the hit rate tells adversarial weights from learned ones: against the pieces, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from psl_eval import hit_rate
from psl_eval.experiments.attention_tests.adversarial import Adversarial
from psl_eval.experiments.attention_tests.adversarial_hit_rates import HIT_RATES, AdversarialHitRates
from psl_eval.experiments.attention_tests.adversarial_search import AdversarialSearch
from psl_eval.experiments.attention_tests.hit_rate_findings import findings
from psl_eval.experiments.attention_tests.protein_rows import Setting
from psl_eval.experiments.models import NamedModel
from psl_eval.experiments.parts import Parts
from psl_eval.experiments.scored_subsequences import proteins_of
from psl_eval.statistics.rows import table_of
from psl_eval.subsequences.extraction import extract
from psl_index import Index
from psl_index.alphabet import STANDARD
from psl_index.errors import InputError
from psl_models.attribution import attribute
from psl_models.attribution.methods import method_named
from psl_models.checkpoints import save_model
from tests.psl_eval.experiments.small_experiments import asked_of, named, nothing

CLASSES = ("Nucleus", "Cytoplasm", "Peroxisome")
RNG = np.random.default_rng(5)
SHARED = "KKRKWPLAAV"  # so that subsequences are found in other proteins, too
SEQUENCES = [SHARED + "".join(RNG.choice(list(STANDARD), 60)) + SHARED for _ in range(6)]
ASKED = asked_of(SEQUENCES, CLASSES)


@pytest.fixture(scope="module")
def index(build_index: Callable[..., Index]) -> Index:
    rows = [(f"P{number}", sequence, [CLASSES[number % 3]]) for number, sequence in enumerate(SEQUENCES)]
    others = [(f"Q{number}", each[40:] + each[:40], ["Nucleus"]) for number, each in enumerate(SEQUENCES)]
    return build_index([*rows, *others])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> NamedModel:
    """One whose folder says that it has learned from P0."""
    folder = tmp_path_factory.mktemp("model")
    save_model(named().model, folder)
    (folder / "training_set.tsv").write_text(f"accession\tsplit\tsequence\nP0\ttrain\t{SEQUENCES[0]}\n")
    return NamedModel("small", named().model, folder / "training_set.tsv")


def setting_of(model: NamedModel, folder: Path) -> Setting:
    return Setting([model], ASKED, 1, Parts(folder), nothing, 30)


def picked_by(model: NamedModel, weights: Mapping[int, np.ndarray[Any, Any]] | str) -> pa.Table:
    """Subsequences of a method, or of weights that are given."""
    name = weights if isinstance(weights, str) else "attention"
    targets = np.array([0] * len(SEQUENCES))
    found = attribute(model.model, SEQUENCES, name, method_named(name), targets, seed=1)
    scores = {each.protein: each.scores for batch in found for each in batch}
    if not isinstance(weights, str):
        scores = dict(weights.items())
    rows = [
        {
            "query": f"P{number}",
            "sequence": SEQUENCES[number],
            "method": name,
            "target": predicted(model)[number],
            "predicted": predicted(model)[number],
            "true": CLASSES[number % 3],
            "scores": scores[number].tolist(),
        }
        for number in sorted(scores)
    ]
    return extract(pa.Table.from_pylist(rows))


def predicted(model: NamedModel) -> list[str]:
    from psl_models.prediction import predict

    classes = model.model.configuration.classes
    return [classes[place] for place in predict(model.model, SEQUENCES).logits.argmax(1)]


def rates_of(index: Index, subsequences: pa.Table, model: NamedModel, **choices: str) -> dict[str, float | None]:
    """Hit rate of each protein."""
    rates = hit_rate(
        index,
        subsequences,
        proteins=proteins_of(ASKED),
        training=model.training_set if choices["exclude"] == "train" else None,
        resamples=10,
        **choices,  # type: ignore[arg-type]
    )
    return {row["query"]: row["hit_rate"] for row in rates.proteins.to_pylist()}


def test_differences_are_those_of_the_proteins_that_both_score(index: Index, model: NamedModel, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    weights = [None if number == 1 else rng.dirichlet(np.full(80, 0.05)) for number in range(6)]
    scored = AdversarialHitRates(index, threads=1)
    table = table_of(list(scored.rows(model, {"adversarial": weights}, setting_of(model, tmp_path))), HIT_RATES)
    subsequences = {
        "learned": picked_by(model, "attention"),
        "adversarial": picked_by(model, {n: each for n, each in enumerate(weights) if each is not None}),
        "shifted": picked_by(model, "shifted"),
        "permuted": picked_by(model, "permuted"),
    }
    compared = [row for row in table.to_pylist() if row["reference"] is not None]
    assert {row["method"] for row in compared} == {"adversarial", "shifted", "permuted"}
    assert {row["exclusion"] for row in compared} == {"none", "self", "train"}
    assert {row["definition"] for row in compared} == {"paper", "unweighted"}
    assert {row["lengths"] for row in compared} >= {"all", "standardised", "5"}
    pairs = 0
    for row in compared:
        if row["lengths"] != "all" or row["subset"] != "all":
            continue
        choices = {"definition": row["definition"], "exclude": row["exclusion"]}
        ours, theirs = (rates_of(index, subsequences[name], model, **choices) for name in (row["method"], "learned"))
        both = [query for query in ours if None not in (ours[query], theirs.get(query))]
        assert row["proteins_scored"] == len(both)
        if both:
            difference = np.mean([ours[query] - theirs[query] for query in both])  # type: ignore[operator]
            assert row["difference"] == pytest.approx(difference)
        pairs += len(both)
    assert pairs > 20  # so that something was compared
    learned = [row for row in table.to_pylist() if row["method"] == "learned"]
    assert all(row["reference"] is None and row["shared"] == 1 for row in learned)
    keys = [tuple(row[name] for name in ("definition", "exclusion", "subset", "lengths")) for row in learned]
    assert len(keys) == len(set(keys))


def test_shared_is_the_share_of_picked_residues_that_the_learned_weights_pick(
    index: Index, model: NamedModel, tmp_path: Path
) -> None:
    rows = AdversarialHitRates(index).rows(model, {}, setting_of(model, tmp_path))
    found = {row["method"]: row["shared"] for row in rows}
    learned, shifted = picked_by(model, "attention").to_pylist(), picked_by(model, "shifted").to_pylist()
    shares = []
    for query in dict.fromkeys(row["query"] for row in shifted):
        marks = np.zeros((2, 80), bool)
        for place, rows_of in enumerate((learned, shifted)):
            for row in rows_of:
                if row["query"] == query:
                    marks[place, row["start"] - 1 : row["end"]] = True
        shares.append((marks[0] & marks[1]).sum() / marks[1].sum())
    assert found["shifted"] == pytest.approx(np.mean(shares))


def test_the_test_has_its_hit_rates_and_finds_them_again(index: Index, model: NamedModel, tmp_path: Path) -> None:
    test = Adversarial(AdversarialSearch(steps=5), AdversarialHitRates(index))
    setting = setting_of(model, tmp_path)
    first = test.run(setting)
    assert list(first.tables) == list(first.figures) == ["adversarial", "adversarial-hit-rates"]
    assert first.tables["adversarial-hit-rates"].schema == HIT_RATES
    made = setting.parts.made
    assert test.run(setting).tables == first.tables
    assert setting.parts.made == made
    assert sum("hit rates (paper)" in sentence for sentence in first.findings) >= 2


def test_without_anything_that_stands_out_there_is_nothing_to_compare(index: Index, tmp_path: Path) -> None:
    flat = named()
    for parameter in flat.model.network.pooling.parameters():
        parameter.data.zero_()
    scored = AdversarialHitRates(index)
    table = table_of(list(scored.rows(flat, {}, setting_of(flat, tmp_path))), HIT_RATES)
    assert table.num_rows == 0
    tested = scored.tested(table)
    assert tested.findings == ("Nothing stands out in these weights: there are no hit rates to compare",)
    assert not tested.figures


def test_an_index_without_locations_is_refused_at_once(build_index: Callable[..., Index]) -> None:
    with pytest.raises(InputError, match="no entry of the index has a known location"):
        AdversarialHitRates(build_index([("P0", SEQUENCES[0], [])]))


def row(**columns: object) -> dict[str, Any]:
    """A comparison of adversarial weights at equal lengths, of rates around 0.3."""
    return {
        "model": "small", "definition": "paper", "exclusion": "self", "against": "predicted", "subset": "all",
        "lengths": "standardised", "method": "adversarial", "reference": "learned", "proteins": 100,
        "proteins_scored": 100, "hit_rate": 0.3, "reference_hit_rate": 0.3, "difference": 0.0, "low": -0.02,
        "high": 0.02, "p_value": 0.8, "shared": 0.1, "resamples": 9, "seed": 1,
    } | columns  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, "the same to within 20%, so the hit rate does not validate the attention of this model"),
        ({"high": 0.07}, "with so few proteins a difference of +0.070 may have gone unseen"),
        ({"difference": -0.1, "p_value": 0.01}, "the hit rate tells them apart, in favour of the learned ones"),
        ({"difference": 0.1, "p_value": 0.01}, "prefers weights that the model does not have"),
        ({"proteins_scored": 19}, "19 pairs: too few to say whether the hit rate tells them apart"),
        ({"proteins_scored": 1, "low": None, "high": None, "p_value": None}, "1 pair: too few to say"),
    ],
)
def test_what_is_said_of_a_comparison(columns: dict[str, object], said: str) -> None:
    anyway = row(lengths="all", difference=0.5)
    (sentence,) = findings(table_of([anyway, row(**columns)], HIT_RATES))
    assert "at equal lengths" in sentence
    assert said in sentence
    assert not sentence.endswith(".")


def test_the_sentences_of_a_model_share_their_doubt() -> None:
    methods = [f"weights {number}" for number in range(4)]
    columns = {"difference": -0.1, "low": -0.2, "p_value": 0.02}
    rows = [row(method=each, lengths=lengths, **columns) for each in methods for lengths in ("all", "standardised")]
    said = list(findings(table_of(rows, HIT_RATES)))
    assert len(said) == 4
    assert all("Holm p = 0.08" in sentence and "does not tell them apart" in sentence for sentence in said)


def test_without_equal_lengths_all_lengths_have_to_do() -> None:
    (sentence,) = findings(table_of([row(lengths="all"), row(difference=None)], HIT_RATES))
    assert "at all lengths" in sentence


@pytest.mark.parametrize(
    ("exclusions", "said"),
    [
        (("none", "self"), ["without the protein itself"]),
        (("none", "self", "cluster"), ["without the protein's cluster"]),
        (
            ("none", "self", "train", "cluster"),
            ["without what the model has learned from", "without the protein's cluster"],
        ),
    ],
)
def test_findings_are_of_what_leaves_out_most(exclusions: tuple[str, ...], said: list[str]) -> None:
    rows = [row(exclusion=left_out, lengths=each) for left_out in exclusions for each in ("all", "standardised")]
    sentences = list(findings(table_of(rows, HIT_RATES)))
    assert len(sentences) == len(said)
    assert all(each in sentence for each, sentence in zip(said, sentences, strict=True))
