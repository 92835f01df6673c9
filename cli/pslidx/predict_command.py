"""The command that says where proteins are: predict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pslidx.destination import choose, refuse_input
from pslidx.messages import say
from pslidx.model_options import (
    attention_option,
    counting,
    device_option,
    labels_options,
    length_options,
    model_and_proteins,
    prepared_torch,
    seed_option,
)
from pslidx.options import debug_option, output_options, threads_option
from pslidx.progress import shown

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from psl_models.configuration import Configuration
    from pslidx.model_inputs import Asked


@click.command()
@model_and_proteins
@labels_options
@attention_option
@seed_option("Of permuted and random attention; 0 by default.", 0)
@length_options(None, "middle")
@device_option
@threads_option
@output_options
@debug_option
def predict(
    arguments: tuple[str | None, str],
    attention: str,
    seed: int,
    device: str,
    threads: int,
    output: str | None,
    table_format: str | None,
    **reading: Any,
) -> None:
    """Predict where in the cell proteins are.

    MODEL is a folder that `pslidx train` or `import-checkpoint` made, or the name of a model that comes with pslidx;
    without it the default one is taken. FASTA holds the proteins (also a table, or a sequence a line; - is standard
    input). Nothing is cut unless --max-length is given.

    Columns: query, predicted (several joined by ;), probability (of the most probable), true and correct (empty
    without labels), and the probability of each class. Where labels are known, says how good the predictions are.

    \b
    Example:
      pslidx predict proteins.fasta
      pslidx predict model proteins.fasta -o predictions.tsv
      pslidx predict model proteins.fasta --attention permuted --seed 3
    """
    where = prepared_torch(device, threads)
    from psl_eval.results.predictions import predictions_table
    from psl_models.decisions import decided
    from psl_models.prediction import predict as answers
    from pslidx.model_inputs import opened_model, proteins_of
    from pslidx.output import write

    destination = choose(output, table_format)
    name, proteins = arguments
    if destination.path is not None:
        refuse_input(destination.path, [proteins, reading["labels"]])
    model = opened_model(name, where)
    asked = proteins_of(proteins, model.configuration, reading)
    with shown(patience=2.0) as report:
        predictions = answers(
            model,
            asked.sequences,
            attention=attention,  # type: ignore[arg-type]
            seed=seed,
            progress=counting(report, "predicting", len(asked.sequences)),
        )
    probabilities = predictions.probabilities(model.configuration)
    predicted = decided(probabilities, model.configuration.task, model.configuration.thresholds)
    table = predictions_table(asked.identifiers, asked.labels, predicted, probabilities, model.configuration.classes)
    write(destination, table.schema, table.to_batches())
    for line in _figures(asked, probabilities, model.configuration):
        say(line)


def _figures(asked: Asked, probabilities: npt.NDArray[np.float32], configuration: Configuration) -> list[str]:
    """How good predictions are, in lines; none where labels are missing."""
    if not all(asked.labels):
        return []
    from psl_models.datasets import class_matrix
    from psl_models.metrics import evaluate

    labels = class_matrix(asked.dataset, configuration.classes)
    return evaluate(
        probabilities, labels, configuration.classes, configuration.task, configuration.thresholds
    ).describe()
