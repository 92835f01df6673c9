"""The command that says where proteins are: predict."""

from __future__ import annotations

from typing import Any

import click

from pslidx.destination import choose
from pslidx.messages import say
from pslidx.model_options import (
    attention_option,
    device_option,
    labels_options,
    length_options,
    model_and_proteins,
    prepared_torch,
    seed_option,
    short_of_memory,
)
from pslidx.options import debug_option, output_options, threads_option
from pslidx.progress import shown


@click.command()
@model_and_proteins
@labels_options
@attention_option
@seed_option("Of permuted and random attention; 0 by default.", 0)
@length_options(None)
@device_option
@threads_option
@output_options
@debug_option
@short_of_memory()
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

    Columns: query, predicted (several joined by ;), probability (of the most probable class, which with several labels
    need not be a predicted one), true and correct (empty without labels), and the probability of each class. Where each
    protein has a label that the model knows, says how good the predictions are.

    \b
    Example:
      pslidx predict proteins.fasta
      pslidx predict model proteins.fasta -o predictions.tsv
      pslidx predict model proteins.fasta --attention permuted --seed 3
    """
    where = prepared_torch(device, threads)
    from psl_eval.results.predictions import predictions_table
    from psl_index.progress import counting
    from psl_models.decisions import decided
    from psl_models.metrics import evaluate
    from psl_models.prediction import predict as answers
    from pslidx.model_inputs import known_labels, model_and_asked
    from pslidx.output import write

    destination = choose(output, table_format)
    model, asked = model_and_asked(arguments, destination, where, reading)
    configuration = model.configuration
    labels = known_labels(asked, configuration)
    with shown(patience=2.0) as report:
        predictions = answers(
            model,
            asked.sequences,
            attention=attention,  # type: ignore[arg-type]
            seed=seed,
            progress=counting(report, "predicting", len(asked.sequences)),
        )
    probabilities = predictions.probabilities(configuration)
    classes, task, thresholds = configuration.classes, configuration.task, configuration.thresholds
    predicted = decided(probabilities, task, thresholds)
    table = predictions_table(asked.identifiers, asked.labels, predicted, probabilities, classes)
    write(destination, table.schema, table.to_batches())
    if labels is not None:
        for line in evaluate(probabilities, labels, classes, task, thresholds).describe():
            say(line)
