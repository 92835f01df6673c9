"""The experiment mutation-fidelity."""

from __future__ import annotations

from pathlib import Path

import click

from pslidx.experiments.options import (
    WithProteins,
    finish,
    labelled_proteins,
    models_option,
    named_models,
    protein_experiment_command,
    resamples_option,
    running,
    steps_option,
)


@click.command("mutation-fidelity")
@click.argument("proteins", metavar="FASTA")
@models_option
@click.option(
    "--method", "methods", multiple=True, metavar="NAME", help="To rank; all that explain the model by default."
)
@click.option(
    "--features",
    "features",
    type=click.Path(path_type=Path),
    metavar="INDEX",
    help="Built from flat files: also measure how far peaks are from its annotated signals.",
)
@click.option("--proteins", "most", type=click.IntRange(min=2), default=200, metavar="N", help="To draw; 200.")
@click.option(
    "--saturated",
    type=click.IntRange(min=0),
    default=20,
    metavar="N",
    help="Of them, to ask for all single mutants of, and for ceilings, of at most 500 residues; 20.",
)
@click.option("--per-feature", type=click.IntRange(min=2), default=100, metavar="N", help="Proteins a feature; 100.")
@click.option("--draws", type=click.IntRange(min=1), default=5, metavar="N", help="Of random residues; 5.")
@steps_option
@resamples_option
@protein_experiment_command
def command(
    proteins: str,
    models: tuple[str, ...],
    methods: tuple[str, ...],
    features: Path | None,
    most: int,
    saturated: int,
    per_feature: int,
    draws: int,
    steps: int,
    resamples: int,
    common: WithProteins,
) -> None:
    """Rank attribution methods by what a model loses when the residues that they pick out are mutated.

    The top 1, 2, 5, 10 and 20 residues of each method become random residues, alanine, and the most and the least
    similar residue by BLOSUM62. Beside the logit that is lost stand random residues, the same places moved along, the
    bottom residues, and the same method on a network with random weights. Occlusion and saturation mutagenesis, which
    try out each residue, are a ceiling outside the ranking.

    \b
    Example:
      pslidx experiment mutation-fidelity proteins.fasta -o fidelity
      pslidx experiment mutation-fidelity proteins.fasta --features sprot --proteins 50 -o fidelity
    """
    from psl_eval.experiments.mutation.experiment import MutationFidelity
    from psl_eval.experiments.mutation.known_features import known_features
    from psl_index import Index

    opened = named_models(models, common.device)
    asked = labelled_proteins(proteins, opened, common)
    known = None
    if features is not None:
        with Index.open(features) as index:
            known = known_features(index, opened, per_feature, common.seed, trained_too=common.trained_too)
    experiment = MutationFidelity(
        methods=methods,
        most=most,
        saturated=saturated,
        draws=draws,
        steps=steps,
        resamples=resamples,
        seed=common.seed,
    )
    with running(common.folder, "mutation-fidelity") as (parts, report):
        finish(experiment.run(opened, asked, parts, report, features=known), common, opened)
