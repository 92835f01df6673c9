"""The published study's explanations scored anew: what exclusions, definitions and null models make of them.

DeepLoc 2.0 is the data base; clusters are of its proteins and the study's test proteins together (`pslidx cluster`).
The tables of docs/hit-rate.md are what `python -m benchmarks study` writes to ``study.md`` in its folder.
"""

from __future__ import annotations

import csv
import gzip
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.inputs import DATA, real_index
from benchmarks.report import Finding
from benchmarks.timing import run
from psl_eval import HitRates, hit_rate, write_hit_rates
from psl_index import Index

METHODS: Final = {
    "attention": "lstm_attention",
    "permuted": "lstm_attention_permuted",
    "random": "lstm_attention_random",
    "integrated gradients, BiLSTM": "lstm_ig",
    "integrated gradients, CNN-BiLSTM": "cnn_lstm_attention_ig",
}
EXCLUSIONS: Final = {"none": None, "self": None, "train": None, "cluster 50 %": 0.5, "cluster 30 %": 0.3}
DEFINITIONS: Final = ("paper", "unweighted", "released")
DRAWS: Final = {"paper": 1000, "unweighted": 1000, "released": 200}

_RELEASED = DATA / "released"
_SENTENCES = _RELEASED / "test_sentences.txt.gz"


@dataclass(frozen=True)
class Scored:
    """Results of one method with one exclusion, by definition, and where they lie."""

    by_definition: Mapping[str, HitRates]
    folders: Mapping[str, Path]

    def row(self, definition: str, against: str = "true", subset: str = "all") -> dict[str, Any]:
        """The row of the summary that has the exclusion."""
        rates = self.by_definition[definition]
        rows: list[dict[str, Any]] = rates.summary.to_pylist()
        chosen = {"against": against, "subset": subset, "exclusion": rates.manifest["exclusion"]}
        (row,) = [row for row in rows if chosen.items() <= row.items()]
        return row


def findings(bench: Path) -> Iterator[Finding]:
    """Score all methods in all ways; the tables are written to a page."""
    index = real_index("deeploc2", bench)
    folder = bench / "study"
    folder.mkdir(exist_ok=True)
    training = _training_set(folder)
    scored: dict[tuple[str, str], Scored] = {}
    for exclusion, identity in EXCLUSIONS.items():
        clusters = _clusters(folder, index, identity or 0.5)
        for method in METHODS:
            print(f"scoring {method}, {exclusion} ...", file=sys.stderr)
            scored[method, exclusion] = _score(index, folder, method, exclusion, clusters, training)
            row = scored[method, exclusion].row("paper")
            yield Finding(
                f"{method}, {exclusion}",
                row["hit_rate"],
                "paper, true",
                f"{row['low']:.3f} to {row['high']:.3f}; random windows {row['null_hit_rate']:.3f}",
            )
    page = folder / "study.md"
    page.write_text("\n\n".join([*_page(scored), *_null_models(index, _clusters(folder, index, 0.5))]) + "\n")
    yield Finding("tables", len(scored), "settings", f"written to {page}")


def _training_set(folder: Path) -> Path:
    """What the study's networks learned from and were chosen by."""
    path = folder / "training_set.tsv"
    with gzip.open(DATA / "deeploc" / "deeploc1_index.tsv.gz", "rt") as file, path.open("w") as written:
        written.write("accession\tsplit\n")
        for row in csv.DictReader(file, delimiter="\t"):
            if row["arolihas_split"] != "test":
                split = "validation" if row["arolihas_split"] == "val" else "train"
                written.write(f"{row['accession']}\t{split}\n")
    return path


def _clusters(folder: Path, index: Index, identity: float) -> Path:
    path = folder / f"clusters{identity:.0%}.tsv".replace("%", "")
    if not path.exists():
        command = [sys.executable, "-m", "pslidx", "cluster", index.path, "--identity", identity]
        run(*command, "--proteins", _SENTENCES, "-o", path)
    return path


def _score(index: Index, folder: Path, method: str, exclusion: str, clusters: Path, training: Path) -> Scored:
    rates, folders = {}, {}
    for definition in DEFINITIONS:
        rates[definition] = hit_rate(
            index,
            _RELEASED / f"{METHODS[method]}_subsequences.csv.gz",
            proteins=_SENTENCES,
            clusters=clusters,
            training=training if exclusion == "train" else None,
            definition=definition,
            exclude=exclusion.split()[0],
            against="both",
            nulls=["window"],
            draws=DRAWS[definition],
        )
        name = f"{METHODS[method]}-{exclusion}-{definition}".replace(" ", "").replace("%", "")
        folders[definition] = folder / name
        write_hit_rates(rates[definition], folders[definition])
    return Scored(rates, folders)


def _page(scored: Mapping[tuple[str, str], Scored]) -> Iterator[str]:
    yield _lengths({method: scored[method, "none"].by_definition["paper"].subsequences for method in METHODS})
    yield "Against the true class, all proteins: hit rate (95 % interval) and that of random windows."
    yield _table(
        ["method", "exclusion", "proteins scored", *(f"`{name}`" for name in DEFINITIONS)],
        [
            [method, exclusion, _proteins(of.row("paper")), *(_beside_null(of.row(name)) for name in DEFINITIONS)]
            for (method, exclusion), of in _by_method(scored)
        ],
    )
    yield (
        "The three rows of the study's tables, `paper`: correct predictions; wrong ones against the predicted class; "
        "and against the true one."
    )
    rows = []
    for (method, exclusion), of in _by_method(scored):
        kinds = (("predicted", "correct"), ("predicted", "wrong"), ("true", "wrong"))
        rows.append([method, exclusion, *(_beside_null(of.row("paper", *kind)) for kind in kinds)])
    yield _table(["method", "exclusion", "correct", "wrong, predicted class", "wrong, true class"], rows)
    yield (
        "The hit rate as confidence (`paper`): ROC AUC of a correct prediction, Brier score, and that of always "
        "saying the share of correct predictions."
    )
    rows = []
    for (method, exclusion), of in _by_method(scored):
        rates = of.by_definition["paper"]
        (row,) = [
            row
            for row in rates.confidence.to_pylist()
            if row["class"] is None
            and row["form"] == "single-label"
            and row["exclusion"] == rates.manifest["exclusion"]
        ]
        auc = f"{row['estimate']:.3f} ({row['low']:.3f} to {row['high']:.3f})"
        rows.append(
            [method, exclusion, f"{row['proteins']:,}", auc, f"{row['brier']:.3f}", f"{row['brier_of_share']:.3f}"]
        )
    yield _table(["method", "exclusion", "proteins", "AUC", "Brier", "of the share"], rows)
    yield "`pslidx compare` with attention, unweighted, true class, all proteins: difference (95 % interval), p."
    rows = []
    for exclusion in EXCLUSIONS:
        for method in list(METHODS)[1:]:
            rows.append([method, exclusion, *_compared(scored["attention", exclusion], scored[method, exclusion])])
    yield _table(["method - attention", "exclusion", "all lengths", "standardised to one length distribution"], rows)


def _lengths(subsequences: Mapping[str, pa.Table]) -> str:
    means = {method: pc.mean(pc.binary_length(table["subsequence"])).as_py() for method, table in subsequences.items()}
    return (
        "Residues of a subsequence, mean: " + "; ".join(f"{method} {mean:.1f}" for method, mean in means.items()) + "."
    )


def _by_method(scored: Mapping[tuple[str, str], Scored]) -> list[tuple[tuple[str, str], Scored]]:
    return sorted(scored.items(), key=lambda item: list(METHODS).index(item[0][0]))


def _null_models(index: Index, clusters: Path) -> Iterator[str]:
    """All null models beside each other, for all methods, by the definitions that score windows one by one."""
    yield (
        "Null models, true class, clusters at 50 % left out: hit rate, and the lift over labels permuted, random "
        "windows of the same protein, and windows at the same places of proteins of other classes (means in brackets)."
    )
    rows = []
    for method, name in METHODS.items():
        for definition in ("paper", "unweighted"):
            rates = hit_rate(
                index,
                _RELEASED / f"{name}_subsequences.csv.gz",
                proteins=_SENTENCES,
                clusters=clusters,
                definition=definition,
                exclude="cluster",
                against="true",
                nulls=["label", "window", "other-class"],
            )
            of_all = [
                row for row in rates.summary.to_pylist() if (row["subset"], row["exclusion"]) == ("all", "cluster")
            ]
            lifts = [
                f"{row['lift']:.2f} ({row['null_hit_rate']:.3f})"
                + (f", p {row['p_value']:.3g}" if row["p_value"] is not None else "")
                for row in of_all
            ]
            rows.append([method, f"`{definition}`", f"{of_all[0]['hit_rate']:.3f}", *lifts])
    yield _table(["method", "definition", "hit rate", "label", "window", "other-class"], rows)


def _compared(reference: Scored, other: Scored) -> Iterator[str]:
    from psl_eval.comparing.comparison import compare
    from psl_eval.comparing.methods import read_method

    methods = [read_method(of.folders["unweighted"]) for of in (reference, other)]
    table = compare(methods).table.to_pylist()
    for kind in ("all", "standardised"):
        (row,) = [
            row
            for row in table
            if row["reference"] and row["against"] == "true" and row["subset"] == "all" and row["lengths"] == kind
        ]
        yield f"{row['difference']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f}), {row['p_value']:.3g}"


def _proteins(row: Mapping[str, Any]) -> str:
    return f"{row['proteins_scored']:,} of {row['proteins']:,}"


def _beside_null(row: Mapping[str, Any]) -> str:
    return f"{row['hit_rate']:.3f} ({row['low']:.3f} to {row['high']:.3f}); {row['null_hit_rate']:.3f}"


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
