"""The experiment attention-tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from psl_index.errors import UsageError
from pslidx.experiments.options import (
    WithProteins,
    finish,
    labelled_proteins,
    models_option,
    named_models,
    protein_experiment_command,
    resamples_option,
    running,
)
from pslidx.options import NumberRange

if TYPE_CHECKING:
    from psl_eval.experiments.attention_tests.adversarial_hit_rates import AdversarialHitRates
    from psl_eval.experiments.attention_tests.attention_test import AttentionTest

TESTS: Final = ("altered", "adversarial", "correlation", "erasure")
SEVERAL: Final = "seeds"  # needs several models, and is run only when it is asked for


@click.command("attention-tests")
@click.argument("proteins", metavar="FASTA")
@models_option
@click.option(
    "--index",
    "index",
    type=click.Path(path_type=Path),
    metavar="INDEX",
    help="Also score what adversarial weights pick out; without it there are no hit rates.",
)
@click.option("--clusters", metavar="FILE", help="Two columns: also score without the clusters of the proteins.")
@click.option(
    "--retrained",
    multiple=True,
    metavar="[NAME=]MODEL",
    help="A model trained with uniform weights, beside that whose network it has. Can be given several times.",
)
@click.option(
    "--test",
    "tests",
    multiple=True,
    type=click.Choice([*TESTS, SEVERAL]),
    help="All but seeds by default. Can be given several times.",
)
@click.option(
    "--permutations", type=click.IntRange(1), default=100, metavar="N", help="Of weights, of each protein; 100."
)
@click.option(
    "--epsilon",
    type=NumberRange(0, 1, min_open=True),
    default=0.05,
    metavar="SHARE",
    help="Total variation that adversarial weights may move an answer by; 0.05.",
)
@click.option("--candidates", type=click.IntRange(2, 100), default=5, metavar="N", help="Adversarial weightings; 5.")
@click.option("--steps", type=click.IntRange(1), default=300, metavar="N", help="Of the search for them; 300.")
@click.option(
    "--left-out", type=click.IntRange(1), default=200, metavar="N", help="Proteins whose residues are left out; 200."
)
@resamples_option
@protein_experiment_command
def command(
    proteins: str,
    models: tuple[str, ...],
    index: Path | None,
    clusters: str | None,
    retrained: tuple[str, ...],
    tests: tuple[str, ...],
    permutations: int,
    epsilon: float,
    candidates: int,
    steps: int,
    left_out: int,
    resamples: int,
    common: WithProteins,
) -> None:
    """Does attention say why a model predicts what it predicts?

    altered: accuracy with uniform, permuted and random weights in place of the learned ones, and of a model trained
    with uniform ones (--retrained). adversarial: other weights that leave the answer as it is, how far they lie from
    the learned ones and, with --index, whether what they pick out has the same hit rate. correlation: whether attention
    ranks residues as gradients and leaving residues out do. erasure: what the answer loses without the residue with the
    largest weight, and how many have to go until the prediction changes. seeds: how far the attention of the other
    models is from that of the first, all of one configuration. Each beside the same for weights or networks that have
    learned nothing.

    \b
    Example:
      pslidx experiment attention-tests proteins.fasta --model bilstm-attention --index sprot -o tests
      pslidx experiment attention-tests proteins.fasta --test altered --retrained bilstm-uniform -o tests
      pslidx experiment attention-tests proteins.fasta --test seeds --model one --model two -o tests
    """
    asked_for = tests or TESTS
    _refuse_unused(asked_for, adversarial=bool(index or clusters), altered=bool(retrained))
    if clusters and not index:
        raise UsageError("--clusters is for hit rates, which take an index", remedy="name one with --index")
    from psl_eval.experiments.attention_tests.adversarial import Adversarial
    from psl_eval.experiments.attention_tests.adversarial_search import AdversarialSearch
    from psl_eval.experiments.attention_tests.altered import Altered
    from psl_eval.experiments.attention_tests.correlation import Correlation
    from psl_eval.experiments.attention_tests.erasure import Erasure
    from psl_eval.experiments.attention_tests.experiment import AttentionTests
    from psl_eval.experiments.attention_tests.seeds import Seeds
    from psl_models.shipped import DEFAULT

    together = named_models([*(models or [DEFAULT]), *retrained], common.device)
    named, beside = together[: len(together) - len(retrained)], together[len(together) - len(retrained) :]
    asked = labelled_proteins(proteins, together, common)
    with (
        _scoring(index, clusters, common.threads) as scoring,
        running(common.folder, "attention-tests") as (parts, report),
    ):
        search = AdversarialSearch(epsilon, candidates, steps)
        every: dict[str, AttentionTest] = {
            "altered": Altered(permutations, tuple(beside)),
            "adversarial": Adversarial(search, scoring),
            "correlation": Correlation(left_out),
            "erasure": Erasure(),
            SEVERAL: Seeds(search),
        }
        chosen = {name: test for name, test in every.items() if name in asked_for}
        experiment = AttentionTests(chosen, common.seed, resamples)
        digest = None if scoring is None else scoring.index.manifest.digest
        finish(experiment.run(named, asked, parts, report, index=digest), common, together)


def _refuse_unused(asked_for: Sequence[str], *, adversarial: bool, altered: bool) -> None:
    """Refuse options of tests that are not run."""
    for test, given, options in (
        ("adversarial", adversarial, "--index and --clusters"),
        ("altered", altered, "--retrained"),
    ):
        if given and test not in asked_for:
            raise UsageError(f"{options} go with the test {test}", remedy=f"add --test {test}, or leave them out")


@contextmanager
def _scoring(index: Path | None, clusters: str | None, threads: int) -> Iterator[AdversarialHitRates | None]:
    """How hit rates are scored, where an index is given."""
    if index is None:
        yield None
        return
    from psl_eval.exclusion.clusters import read_clusters
    from psl_eval.experiments.attention_tests.adversarial_hit_rates import AdversarialHitRates
    from psl_index import Index

    grouped = None if clusters is None else read_clusters(clusters)
    with Index.open(index) as opened:
        yield AdversarialHitRates(opened, grouped, threads=threads)
