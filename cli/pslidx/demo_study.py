"""The part of the demo that is a study: predictions, explanations, subsequences and hit rates of some proteins."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pslidx import sinks
from pslidx.destination import Destination

if TYPE_CHECKING:
    from psl_eval.experiments.models import NamedModel
    from psl_eval.explanations.asked import Asked
    from psl_index import Index

#: Ways of asking the model, and of explaining what it says.
_ATTENTION: Final = ("learned", "permuted", "random")
_METHODS: Final = ("attention", "permuted", "random", "integrated-gradients")


def study(model: NamedModel, asked: Asked, index: Path, folder: Path, say: Callable[..., None]) -> None:
    """Ask a model about proteins, explain it, and score what the explanations pick out; each has a file in `folder`.

    Parameters
    ----------
    model : NamedModel
        Its folder is copied.
    asked : Asked
        Proteins of the index.
    index : Path
    folder : Path
        Files of an earlier study are replaced, others are left alone.
    say : callable
        Called with the words of each command that does the same.

    Raises
    ------
    UsageError
        A folder that is to be made holds something else.
    """
    from psl_index import Index

    folder.mkdir(exist_ok=True)
    assert model.training_set is not None  # its folder says so
    _copy_model(model.training_set.parent, folder / "model")
    _write_fasta(folder / "proteins.fasta", asked)
    for attention in _ATTENTION:
        _predict(model, asked, attention, folder, say)
    with Index.open(index) as opened:
        for method in _METHODS:
            _explain(model, asked, method, folder, say)
            _score(opened, method, folder, say)


def _copy_model(own: Path, target: Path) -> None:
    from psl_eval.results.replacement import replacing
    from psl_index.errors import UsageError
    from psl_models.checkpoints import CONFIGURATION

    if target.exists() and not (target / CONFIGURATION).exists():
        problem = "is there, and is no model that could be replaced"
        raise UsageError(problem, file=str(target), remedy="name another folder with -o")
    with replacing(target) as new:
        shutil.copytree(own, new, dirs_exist_ok=True)


def _write_fasta(path: Path, asked: Asked) -> None:
    proteins = zip(asked.identifiers, asked.labels, asked.sequences, strict=True)
    with sinks.file(path) as sink:
        for name, labels, sequence in proteins:
            sink.write(f">{name} {'|'.join(labels)}-U\n{sequence}\n".encode())


def _predict(model: NamedModel, asked: Asked, attention: Any, folder: Path, say: Callable[..., None]) -> None:
    from psl_eval.results.predictions import predictions_table
    from psl_models.decisions import decided
    from psl_models.prediction import predict
    from pslidx.output import write

    path = folder / f"{attention}.tsv"
    say("predict", folder / "model", folder / "proteins.fasta", "--attention", attention, "-o", path)
    configuration = model.model.configuration
    probabilities = predict(model.model, asked.sequences, attention=attention, seed=0).probabilities(configuration)
    predicted = decided(probabilities, configuration.task, configuration.thresholds)
    table = predictions_table(asked.identifiers, asked.labels, predicted, probabilities, configuration.classes)
    write(Destination(path, "tsv"), table.schema, table.to_batches())


def _explain(model: NamedModel, asked: Asked, method: str, folder: Path, say: Callable[..., None]) -> None:
    from psl_eval.explanations.attribution_rows import AttributionRows, targets_of
    from psl_eval.results.schemas import ATTRIBUTED, ATTRIBUTIONS
    from psl_eval.subsequences.extraction import extract
    from psl_models.attribution.methods import method_named
    from pslidx.output import write

    path, picked = folder / f"{method}.parquet", folder / f"{method}-subsequences.tsv"
    say("attribute", folder / "model", folder / "proteins.fasta", "--method", method, "-o", path)
    targets = targets_of("predicted", model.model.configuration, asked)
    rows = AttributionRows(model.model, method, method_named(method), 0, targets)
    write(Destination(path, "parquet"), ATTRIBUTIONS, rows.batches(asked, lambda _: None))
    say("extract", path, "-o", picked)
    write(Destination(picked, "tsv"), ATTRIBUTED, extract(path).to_batches())


def _score(index: Index, method: str, folder: Path, say: Callable[..., None]) -> None:
    from psl_eval import hit_rate, write_hit_rates

    subsequences, rates = folder / f"{method}-subsequences.tsv", folder / f"{method}-rates"
    say("hitrate", index.path, subsequences, "-o", rates)
    write_hit_rates(hit_rate(index, subsequences, nulls=["label"]), rates)
