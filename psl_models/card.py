"""The model card: what a model is, what it was made from, how good it is and what it is not for.

After Mitchell et al. 2019, Model Cards for Model Reporting (FAT*, doi:10.1145/3287560.3287596).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any, Final

from psl_models.metrics import FIGURES

Json = Mapping[str, Any]

_STUDY: Final = "the published study (Interpretable Deep Text Classifiers in Protein Subcellular Localization)"
_ARCHITECTURES: Final = {
    "mlp": f"one affine layer and tanh over the embedding of each residue, after {_STUDY}",
    "bilstm": f"bidirectional LSTM (Hochreiter and Schmidhuber 1997; Schuster and Paliwal 1997) after {_STUDY}",
    "cnn-bilstm-small": f"convolutions, then a bidirectional LSTM, the small one of {_STUDY}",
    "cnn-bilstm-large": f"convolutions, then a bidirectional LSTM, the large one of {_STUDY}",
    "conv-blstm-attention": "convolutions, then a bidirectional LSTM with additive attention, after Sønderby et al. "
    "2015 (arXiv:1503.01919) and DeepLoc (Almagro Armenteros et al. 2017)",
}
_POOLINGS: Final = {
    "last": "the last state of each direction",
    "attention": "the states, weighted by a learned attention",
    "uniform": "the mean of the states",
    "uniform-sum": "the sum of the states",
    "guided": "the states, weighted by the attention of another model, which is frozen",
}
_LOST: Final = {"middle": "their middle", "end": "their end"}
_SIDES: Final = ("train", "validation", "test")


def card(configuration: Json, training: Json, metrics: Json) -> str:
    """The README.md of a model's folder, in Markdown; the same for the same arguments.

    Parameters
    ----------
    configuration : dict
        `Configuration.as_json`.
    training : dict
        Any of these; what is missing is left out.

        ``parameters``, ``bytes`` (int)
            Size of the network and of its file of weights.
        ``imported`` (dict of ``name``, ``size`` in bytes, ``sha256``)
            The checkpoint that the weights come from, where they were not trained here.
        ``files`` (list of such dicts)
            What was read to train it.
        ``split`` (str)
            How proteins came to be in training, validation or test.
        ``counts`` (dict of ``train``, ``validation``, ``test`` to dict of class to int)
            Proteins of each class.
        ``proteins`` (dict of ``train``, ``validation``, ``test`` to int)
        ``leakage`` (list of dict with ``sentence``)
            How much of a side is in another, in a sentence; what else such a dict holds is not shown.
        ``settings`` (dict of str to anything)
            Seed, optimiser, learning rate and so on, by their names for people.
        ``epochs``, ``kept_epoch``, ``threads`` (int), ``seconds`` (float), ``device`` (``cpu`` or ``cuda``)
        ``versions`` (dict of str to str)
            Of the programs that took part.
        ``curves`` (str)
            Name of the picture of the learning curves in the folder.
    metrics : dict
        ``test`` and ``validation`` (`Metrics.as_json`), and ``baselines``: dict of name to the same, on the test
        proteins. What is missing is left out.

    Notes
    -----
    Of files only the last part of the name is shown, and nothing here asks the machine: a card says nothing about where
    it was made.
    """
    architecture, pooling = configuration["architecture"], configuration["pooling"]
    title = [f"# Protein subcellular localization: {architecture}, {pooling} pooling"]
    parts = [
        title,
        _model(configuration, training),
        _use(),
        _data(training),
        _training(training),
        _figures(metrics),
        _limits(configuration),
        _sources(),
    ]
    return "\n\n".join("\n\n".join(part) for part in map(list, parts) if part) + "\n"


def _model(configuration: Json, training: Json) -> Iterator[str]:
    yield "## The model"
    rows = [
        ("architecture", f"{configuration['architecture']}: {_ARCHITECTURES[configuration['architecture']]}"),
        ("pooling", _POOLINGS[configuration["pooling"]]),
        ("residues", configuration["encoding"]),
        ("units", ", ".join(f"{name} {_text(value)}" for name, value in _sizes(configuration))),
        ("output", "one class (softmax)" if _is_single(configuration) else "any number of classes (a sigmoid each)"),
        ("classes", ", ".join(configuration["classes"])),
    ]
    if configuration["thresholds"]:
        rows.append(("thresholds", ", ".join(f"{threshold:.3f}" for threshold in configuration["thresholds"])))
    if "parameters" in training:
        size = f", {training['bytes']:,} bytes on disk" if "bytes" in training else ""
        rows.append(("size", f"{training['parameters']:,} parameters{size}"))
    yield _table(("", ""), rows)


def _sizes(configuration: Json) -> Iterator[tuple[str, Any]]:
    """The sizes that the network has."""
    needed = {
        "embedding": configuration["encoding"] == "embedding",
        "attention": configuration["pooling"] == "attention",
    }
    for name, value in configuration["sizes"].items():
        if value and needed.get(name, True):
            yield name, value


def _use() -> Iterator[str]:
    yield "## Use"
    yield "    pslidx predict MODEL FASTA"
    yield (
        "`MODEL` is this folder. The model reads the sequence of a protein and says where in the cell it is; it was "
        "made to study what such networks look at. It is not made for decisions about patients."
    )


def _data(training: Json) -> Iterator[str]:
    files = [training["imported"]] if "imported" in training else training.get("files", [])
    if not files:
        return
    yield "## Where the weights come from" if "imported" in training else "## Training data"
    rows = [(_base_name(file["name"]), f"{file['size']:,}", f"`{file['sha256']}`") for file in files]
    yield _table(("file", "bytes", "SHA-256"), rows)
    if "imported" in training:
        yield "The weights were imported; what they were trained on and how, the source of the file says."
    if "split" in training:
        yield f"Split: {training['split']}."
    if "counts" in training or "proteins" in training:
        yield _counts(training.get("counts", {}), training.get("proteins", {}))
    if training.get("leakage"):
        yield "\n".join(f"- {_escaped(overlap['sentence'])}" for overlap in training["leakage"])


def _counts(counts: Mapping[str, Mapping[str, int]], proteins: Mapping[str, int]) -> str:
    """Table of proteins by class and side of the split; in the last row those of any class."""
    sides = [side for side in _SIDES if side in counts or side in proteins]
    classes = dict.fromkeys(name for side in sides for name in counts.get(side, {}))
    rows = [(name, *(f"{counts.get(side, {}).get(name, 0):,}" for side in sides)) for name in classes]
    if proteins:
        rows.append(("all proteins", *(f"{proteins[side]:,}" if side in proteins else "" for side in sides)))
    return _table(("class", *sides), rows)


def _training(training: Json) -> Iterator[str]:
    rows = [(name, _text(value)) for name, value in training.get("settings", {}).items()]
    if "epochs" in training:
        kept = f", the weights of epoch {training['kept_epoch']} were kept" if "kept_epoch" in training else ""
        rows.append(("trained for", f"{training['epochs']} epochs{kept}"))
    if "seconds" in training:
        count = training.get("threads", 0)
        threads = f" on {count} thread{'' if count == 1 else 's'}" if count else ""
        rows.append(("time", f"{_duration(training['seconds'])}{threads} ({training.get('device', 'cpu')})"))
    if "versions" in training:
        rows.append(("versions", ", ".join(f"{name} {version}" for name, version in training["versions"].items())))
    if rows:
        yield "## Training"
        yield _table(("", ""), rows)
    if "curves" in training:
        yield f"![Learning curves]({_base_name(training['curves'])})"


def _figures(metrics: Json) -> Iterator[str]:
    baselines = metrics.get("baselines", {})
    evaluated = {side: metrics[side] for side in ("test", "validation") if side in metrics}
    compared = {**evaluated, **{f"{name}, test": of_baseline for name, of_baseline in baselines.items()}}
    if not compared:
        return
    yield "## How good it is"
    first = next(iter(compared.values()))
    names = list(first["figures"])
    rows = [(FIGURES[name], *(_figure(one["figures"][name]) for one in compared.values())) for name in names]
    rows.append(("proteins", *(f"{one['proteins']:,}" for one in compared.values())))
    yield _table(("", *compared), rows)
    interval = first["interval"]
    yield (
        f"In parentheses {interval['level']:.0%} intervals ({interval['method']}, {interval['resamples']:,} resamples)."
        " Means over classes are over all classes of the model; one that is never predicted counts 0."
    )
    if "f1_macro_batches" in names:
        yield "The F1 of batches depends on the order of the proteins; it is here for comparison with the study only."
    for side, one in list(evaluated.items())[:1]:
        yield from _by_class(side, one)


def _by_class(side: str, evaluated: Json) -> Iterator[str]:
    rows = [
        (
            row["name"],
            f"{row['proteins']:,}",
            f"{row['precision']:.3f}",
            f"{row['recall']:.3f}",
            _figure(row["f1"]),
            f"{row['mcc']:.3f}",
        )
        for row in evaluated["classes"]
    ]
    yield f"By class, on {side} proteins:"
    yield _table(("class", "proteins", "precision", "recall", "F1", "MCC"), rows)
    error = evaluated["calibration"]["expected_calibration_error"]["equal_count"]
    yield (
        f"Probabilities are off by {error:.3f} on average (expected calibration error, bins of equal count); "
        f"Brier score {evaluated['calibration']['brier']:.3f}."
    )


def _limits(configuration: Json) -> Iterator[str]:
    yield "## Limits"
    yield "\n".join(f"- {limit}" for limit in _limit_lines(configuration))


def _limit_lines(configuration: Json) -> Iterator[str]:
    max_length = configuration["max_length"]
    if max_length is not None and configuration["truncate"] in _LOST:
        yield (
            f"It was trained on proteins cut to {max_length:,} residues: longer ones lost "
            f"{_LOST[configuration['truncate']]}. Longer proteins are not what it was trained on."
        )
    yield (
        "It sees one sequence, without a profile of related ones and without a language model, which both predict "
        "better (DeepLoc 1.0 reports an accuracy of 0.78 with profiles)."
    )
    yield (
        "Its figures hold for proteins that are as similar to its training proteins as those it was tested on. "
        "Relatives on both sides of a split make a model look better than it is on a protein without relatives."
    )
    if _is_single(configuration):
        yield "Many proteins are in several places; this model names one."
    yield "It always names one of its classes, also for a protein that is in none of them."


def _sources() -> Iterator[str]:
    yield "## Licence and citation of the data"
    yield (
        "Sequences and locations of DeepLoc and MultiLoc are those of UniProtKB/Swiss-Prot: © UniProt Consortium, "
        "CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/). Cite what its training files are of:"
    )
    yield "\n".join(f"- {source}" for source in _CITATIONS)


_CITATIONS: Final = (
    "UniProt: The UniProt Consortium, UniProt: the Universal Protein Knowledgebase, Nucleic Acids Research.",
    "DeepLoc 1.0: Almagro Armenteros et al. 2017, Bioinformatics 33, 3387.",
    "DeepLoc 2.0: Thumuluri et al. 2022, Nucleic Acids Research 50, W228.",
    "MultiLoc: Höglund et al. 2006, Bioinformatics 22, 1158.",
)


def _is_single(configuration: Json) -> bool:
    return bool(configuration["task"] == "single-label")


def _figure(figure: Json) -> str:
    between = "" if figure["low"] is None else f" ({figure['low']:.3f} to {figure['high']:.3f})"
    return f"{figure['value']:.3f}{between}"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _base_name(name: str) -> str:
    return PurePath(name).name


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " ".join(map(_text, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(_escaped, line))} |" for line in lines)


def _escaped(text: str) -> str:
    """Text on one line that stays in its cell of a table and is no HTML."""
    return " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
