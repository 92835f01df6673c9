"""Distances of the peaks of explanations from annotated signals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

import psl_index
from psl_eval.experiments.estimates import Drawing
from psl_eval.experiments.explained_proteins import Explanation, attributions_of
from psl_eval.experiments.mutation.experiment import MutationFidelity
from psl_eval.experiments.mutation.findings import feature_findings
from psl_eval.experiments.mutation.known_features import KNOWN, Span, known_features
from psl_eval.experiments.mutation.peak_distances import FEATURES as PEAKS
from psl_eval.experiments.mutation.peak_distances import distances, feature_rows, measured, peaks_of
from psl_eval.experiments.parts import parts_of
from psl_eval.statistics.rows import table_of
from psl_index import Index
from psl_index.errors import InputError
from psl_models.encoding import encode
from tests.psl_eval.experiments.small_experiments import asked_of, named, nothing

SEQUENCE = "MKTAYLVAGRKKRKWWDEFHIPQSNCTKDEL"
OTHERS = ("MLLPPQQEEDDNNGGWWCCAA", "MSKLACDEFGHIKLMNPQRSTVWYSKL", "MAAAVHHHHWWPKKKRKVLLS")
FEATURES = (
    ("SIGNAL          1..7\n",),
    ("TRANSIT         1..?\n", "SIGNAL          <1..4\n"),
    (
        'MOTIF           25..27\nFT                   /note="Microbody targeting signal"\n',
        'MOTIF           2..4\nFT                   /note="Microbody targeting signal"\n',  # not at the C-terminus
    ),
    (
        'MOTIF           13..17\nFT                   /note="Nuclear localization signal"\n',
        'MOTIF           2..4\nFT                   /note="Nuclear localization signal"\n',
    ),
    ("SIGNAL          1..9\n",),  # of a protein that was there before
)


def entry(number: int, sequence: str, features: tuple[str, ...]) -> str:
    lines = "".join(f"FT   {feature}" for feature in features)
    groups = " ".join(sequence[start : start + 10] for start in range(0, len(sequence), 10))
    return (
        f"ID   P{number}_TEST              Reviewed;         {len(sequence)} AA.\n"
        f"AC   P9999{number};\n{lines}"
        f"SQ   SEQUENCE   {len(sequence)} AA;  1000 MW;  {psl_index_crc64(sequence)} CRC64;\n"
        f"     {groups}\n//\n"
    )


def psl_index_crc64(sequence: str) -> str:
    from psl_index.crc64 import crc64_of

    return str(crc64_of(pa.array([sequence]))[0].as_py())


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("features")
    sequences = (SEQUENCE, *OTHERS, SEQUENCE)
    text = "".join(entry(n, *each) for n, each in enumerate(zip(sequences, FEATURES, strict=True), start=1))
    (folder / "five.dat").write_text(text)
    psl_index.build([folder / "five.dat"], folder / "index")
    return folder / "index"


@pytest.mark.parametrize("to_end", [True, False])
def test_distances_are_those_to_the_nearest_residue_that_counts(to_end: bool) -> None:
    spans = [Span(2, 4), Span(9, 12)]
    for position in range(1, 16):
        counted = [each for span in spans for each in ([span.end] if to_end else range(span.start, span.end + 1))]
        assert distances(spans, 15, to_end=to_end)[position - 1] == min(abs(position - each) for each in counted)


def test_peaks_that_tie_to_rounding_are_all_peaks() -> None:
    assert peaks_of(np.array([-9, 3, 1, 3 + 1e-7, 2.999], np.float32)).tolist() == [1, 3]
    assert peaks_of(np.zeros(4, np.float32)).tolist() == [0, 1, 2, 3]
    network = named("mlp", "uniform").model.network  # every residue for itself: those of a kind cannot be told apart
    states = network.states(network.embed(torch.from_numpy(encode("WAWWA").astype(np.int64))[None]), torch.tensor([5]))
    assert set(peaks_of(states[0].sum(1).detach().numpy()).tolist()) in ({0, 2, 3}, {1, 4})


def test_features_are_found_by_kind_and_those_of_unknown_ends_left_out(index: Path) -> None:
    with Index.open(index) as opened:
        found = known_features(opened, [], 10, 1)
    of_kinds = {
        name: {found.asked.sequences[row]: each for row, each in spans.items()} for name, spans in found.spans.items()
    }
    assert of_kinds == {
        "SIGNAL": {SEQUENCE: [(1, 7)], OTHERS[0]: [(1, 4)]},
        "TRANSIT": {},
        "KDEL": {},
        "SKL": {OTHERS[1]: [(25, 27)]},
        "NLS": {OTHERS[2]: [(13, 17), (2, 4)]},
    }


def test_rows_compare_peaks_with_all_residues_and_with_other_proteins(index: Path, tmp_path: Path) -> None:
    model = named()
    explanation = Explanation(model, "saliency", {})
    with Index.open(index) as opened, parts_of(tmp_path / "parts", "test") as parts:
        features = known_features(opened, [model], 10, 1)
        rows = feature_rows(features, [explanation], Drawing(1, 50), parts, nothing)
        scores = attributions_of(explanation, features.asked, 1, parts, nothing)["scores"].to_pylist()
    peaks = dict(zip(features.asked.sequences, [int(np.argmax(each)) + 1 for each in scores], strict=True))
    of = {(row["explanation"], row["feature"]): row for row in rows}
    assert set(of) == {(name, kind) for name in ("saliency", "saliency, weights randomised") for kind in
                       ("SIGNAL", "SKL", "NLS")}  # fmt: skip
    signal = of["saliency", "SIGNAL"]
    assert signal["distance"] == np.mean([abs(peaks[SEQUENCE] - 7), abs(peaks[OTHERS[0]] - 4)])
    at_random = [np.mean([abs(each - end) for each in range(1, length + 1)]) for length, end in ((31, 7), (21, 4))]
    assert signal["random"] == pytest.approx(np.mean(at_random))
    # Of the other two only peaks that fall inside the protein, of those that are at least as long.
    laid = {
        (length, end): [abs(peaks[each] - end) for each in OTHERS[1:] if len(each) >= length >= peaks[each]]
        for length, end in ((31, 7), (21, 4))
    }
    beside = [np.mean(each) for each in laid.values() if each]
    assert signal["elsewhere"] == (pytest.approx(np.mean(beside)) if beside else None)
    assert signal["elsewhere_proteins"] == len(beside)
    assert signal["others"] == max(map(len, laid.values()))
    # The motif at the C-terminus: peaks of the only other that is as long are laid beside it from there.
    place = 27 - (len(SEQUENCE) - peaks[SEQUENCE])
    skl = of["saliency", "SKL"]
    assert skl["others"] == (place >= 1)
    assert skl["elsewhere"] == max(25 - place, 0) if place >= 1 else np.isnan(skl["elsewhere"])
    assert np.isnan(skl["nearer_than_elsewhere_p"])  # of one other protein
    assert of["saliency", "SKL"]["floor"] == of["saliency, weights randomised", "SKL"]["distance"]


@pytest.mark.parametrize("name", ["SIGNAL", "SKL", "NLS"])
def test_peaks_anywhere_are_as_far_as_those_of_other_proteins_whatever_their_lengths(name: str) -> None:
    known = next(each for each in KNOWN if each.name == name)
    lengths = np.array([*range(200, 300, 5), *range(60, 600, 9)])
    spans = {row: [Span(lengths[row] - 2, lengths[row]) if known.last else Span(1, 20 + row)] for row in range(20)}
    every_residue = [np.arange(length) for length in lengths]
    found = measured(known, spans, spans.keys(), every_residue, lengths)
    np.testing.assert_allclose(found.elsewhere, found.own)
    assert found.others == sum(lengths[20:] >= 200)
    rng = np.random.default_rng(3)
    p_values = []
    for _ in range(100):
        peaks = [rng.integers(length, size=1) for length in lengths]
        found = measured(known, spans, spans.keys(), peaks, lengths)
        p_values.append(Drawing(1, 200).test("nearer", found.elsewhere, found.own)["nearer_p"])
    assert np.mean(np.array(p_values) < 0.05) < 0.2


def test_a_protein_longer_than_all_others_has_none_beside_it() -> None:
    known = next(each for each in KNOWN if each.name == "SIGNAL")
    peaks = [np.array([place]) for place in (3, 8, 30, 5)]
    found = measured(known, {0: [Span(1, 10)], 1: [Span(1, 5)]}, {0, 1}, peaks, np.array([90, 20, 40, 20]))
    assert np.isnan(found.elsewhere[0])
    assert found.elsewhere[1] == 1  # of the third the peak lies beyond the end
    assert found.others == 1


def test_with_features_the_experiment_has_their_table_and_says_which_kinds_are_absent(
    index: Path, tmp_path: Path
) -> None:
    experiment = MutationFidelity(("attention", "saliency"), (1, 2), 2, 0, 40, 1, 3, 20, 1)
    with Index.open(index) as opened, parts_of(tmp_path / "parts", "test") as parts:
        features = known_features(opened, [], 10, 1)
        result = experiment.run([named()], asked_of([SEQUENCE, OTHERS[0]]), parts, nothing, features=features)
    assert list(result.tables) == ["mutation-fidelity", "curves", "known-features"]
    assert list(result.figures) == ["mutation-fidelity", "curves", "known-features"]
    rows = result.tables["known-features"].to_pylist()
    kinds = {(row["explanation"], row["kind"]): row["floor"] is None for row in rows}
    assert kinds == {
        ("attention", "ranked"): False,
        ("attention, weights randomised", "floor"): True,
        ("saliency", "ranked"): False,
        ("saliency, weights randomised", "floor"): True,
    }
    assert result.settings["features"]["with"] == {"SIGNAL": 2, "TRANSIT": 0, "KDEL": 0, "SKL": 1, "NLS": 1}
    assert result.findings[-1] == "no protein of the index that can be asked about has a known TRANSIT or KDEL"
    (signal,) = (text for text in result.findings if text.startswith("bilstm, SIGNAL (2 proteins): "))
    assert signal.endswith("; too few to show that a method is nearer: 2 proteins, 20 resamples")


def test_findings_name_the_methods_whose_peaks_are_nearer() -> None:
    def row(explanation: str, distance: float, p_value: float, others: int = 10) -> dict[str, object]:
        tests = {
            f"nearer_than_{other}{end}": value
            for other, shift in (("random", 0), ("floor", 0), ("elsewhere", 1))
            for end, value in (("", 50 - distance), ("_p_holm", p_value + shift))
        }
        return tests | {
            "model": "m", "explanation": explanation, "kind": "ranked", "feature": "NLS", "measured": "nearest residue",
            "proteins": 30, "distance": distance, "distance_low": 1, "distance_high": 60, "random": 50, "floor": 45,
            "inside": 0.5, "others": others, "elsewhere_proteins": 20, "random_inside": 0.034, "median": 4,
        }  # fmt: skip

    table = table_of([row("far", 52, 0.01), row("near", 9.04, 0.01), row("unclear", 9.5, 0.2)], PEAKS)
    (said,) = feature_findings(table, [], 2000)
    assert said == (
        "m, NLS (30 proteins): 50 % of the peaks of near lie in it (3 % of random peaks), 9.0 (1.0 to 60.0) residues "
        "from its nearest residue on average (median 4), against 50.0 of random peaks and 45.0 with random weights; "
        "shown to be nearer (Holm, 0.05) than random: near; than random weights: near; than where proteins without it "
        "have their peaks: none"
    )
    few = table_of([row("near", 9, 0.01, others=3), row("far", 52, 0.01, others=0)], PEAKS)
    assert feature_findings(few, [], 2000)[0].endswith("have their peaks: not tested (3 other proteins)")
    place = PEAKS.get_field_index("elsewhere_proteins")
    (said,) = feature_findings(table.set_column(place, PEAKS.field(place), pa.array([4, 4, 4])), [], 2000)
    assert said.endswith("have their peaks: too few to show it (4 proteins, 2,000 resamples)")


def test_an_index_without_such_features_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bare.fasta").write_text(f">P\n{SEQUENCE}\n")
    psl_index.build([tmp_path / "bare.fasta"], tmp_path / "index")
    with Index.open(tmp_path / "index") as opened, pytest.raises(InputError, match="no entry with an annotated signal"):
        known_features(opened, [], 10, 1)
