"""The experiment multiloc."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from psl_index.errors import InputError
from pslidx.experiments.options import Common, experiment_command, finish, resamples_option, running
from pslidx.messages import counted, say

if TYPE_CHECKING:
    from psl_models.configuration import Encoding


@click.command("multiloc")
@click.argument("proteins", metavar="FOLDER")
@click.option("--clusters", metavar="FILE", help="Two columns: also in folds that keep whole clusters together.")
@click.option(
    "--encoding",
    type=click.Choice(["embedding", "one-hot", "blosum62"]),
    default="blosum62",
    help="Residues as vectors: learned, unit vectors, or rows of BLOSUM62 (the default).",
)
@click.option("--epochs", type=click.IntRange(1), default=30, metavar="N", help="Of a training at most; 30.")
@click.option(
    "--test-folds",
    type=click.IntRange(1, 5),
    default=5,
    metavar="N",
    help="How many fifths are held out in turn, each with four trainings; all 5 by default.",
)
@resamples_option
@experiment_command
def command(
    proteins: str,
    clusters: str | None,
    encoding: Encoding,
    epochs: int,
    test_folds: int,
    resamples: int,
    common: Common,
) -> None:
    """Train and test the network of Sonderby (2015) on its task: eleven locations, five folds, and ensembles.

    FOLDER has a FASTA file for each class, as MultiLoc's. One fifth is held out; of the other four each in turn stops a
    training on the remaining three; the ensemble is the mean probability of the four models. Stopped in between and
    run again, it goes on in the training that was cut off.

    \b
    Example:
      pslidx experiment multiloc multiloc -o locations
      pslidx experiment multiloc multiloc --clusters clusters.tsv --test-folds 1 -o locations
    """
    import pyarrow as pa

    from psl_eval.exclusion.clusters import read_clusters
    from psl_eval.experiments.multiloc.experiment import FOLDS, MultiLoc
    from psl_eval.experiments.multiloc.folds import clustered_folds, random_folds
    from psl_models.datasets import read_dataset

    dataset = read_dataset(proteins, multi_label=False)
    labels = [of_protein[0] for of_protein in dataset.labels]
    folds = {"random": random_folds(labels, FOLDS, common.seed)}
    relatives = None
    if clusters is not None:
        grouped = read_clusters(clusters)
        numbers = grouped.find(pa.array(dataset.accessions))
        if (numbers < 0).all():
            problem = f"holds none of the {counted(len(dataset), 'protein')}, the first is {dataset.accessions[0]}"
            raise InputError(problem, file=clusters, remedy="name the clusters of these proteins")
        alone = int((numbers < 0).sum())
        if alone:
            say(f"in no cluster, and so each by itself: {alone:,} of {counted(len(dataset), 'protein')}")
        folds["clustered"] = clustered_folds(labels, numbers, FOLDS, common.seed)
        relatives = {"clusters": grouped.record._asdict(), "in_no_cluster": alone}
    experiment = MultiLoc(
        encoding=encoding, epochs=epochs, test_folds=test_folds, resamples=resamples, seed=common.seed
    )
    with running(common.folder, "multiloc") as (parts, report):
        given = (dataset, folds, common.device, parts, report)
        finish(experiment.run(*given, relatives=relatives, threads=common.threads), common)
