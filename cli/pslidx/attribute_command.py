"""The command that asks which residues a model looked at: attribute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from psl_index.errors import UsageError
from pslidx.destination import choose
from pslidx.messages import counted, warn
from pslidx.model_options import (
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

if TYPE_CHECKING:
    from psl_models.attribution.method import Method

_METHODS: Final = (
    "attention", "permuted", "random", "uniform", "shifted", "integrated-gradients", "saliency", "input-x-gradient",
    "smoothgrad", "gradient-shap", "deeplift", "guided-backpropagation", "lrp", "occlusion", "mutagenesis",
)  # fmt: skip


@click.command()
@model_and_proteins
@click.option("--method", type=click.Choice(_METHODS), default="attention", help="attention is the default.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="A setting of the method, such as steps=100 for integrated-gradients. Can be given several times.",
)
@click.option(
    "--target",
    default="predicted",
    metavar="CLASS",
    help="The class whose logit is explained: that which the model predicts, of several the most probable (predicted, "
    "the default), the true one (true), one by its name, or each in turn (all).",
)
@click.option("--as-released", is_flag=True, help="integrated-gradients as in the study's released code.")
@labels_options
@seed_option("Of what is random; 0 by default.", 0)
@length_options(None)
@device_option
@threads_option
@output_options
@debug_option
@short_of_memory()
def attribute(
    arguments: tuple[str | None, str],
    method: str,
    settings: tuple[str, ...],
    target: str,
    as_released: bool,
    seed: int,
    device: str,
    threads: int,
    output: str | None,
    table_format: str | None,
    **reading: Any,
) -> None:
    """Score every residue by how much a model looked at it.

    MODEL and FASTA are as for `predict`. Nothing is cut unless --max-length is given.

    Columns: query, sequence, method, target (the class that is explained), predicted, true (empty without labels),
    scores (a number a residue; joined by ; in TSV), completeness_gap (how far the scores are from adding up to what
    they should, as a share; empty where the method promises no sum) and settings (JSON). `pslidx extract` reads it.

    \b
    Example:
      pslidx attribute proteins.fasta -o attention.parquet
      pslidx attribute model proteins.fasta --method integrated-gradients --set steps=100 -o ig.parquet
      pslidx attribute model proteins.fasta --method lrp --target true -o lrp.parquet
    """
    where = prepared_torch(device, threads)
    from psl_eval.explanations.attribution_rows import AttributionRows, targets_of
    from psl_eval.results.schemas import ATTRIBUTIONS
    from pslidx.model_inputs import model_and_asked
    from pslidx.output import write

    destination = choose(output, table_format)
    chosen = _method(method, settings, as_released)
    model, asked = model_and_asked(arguments, destination, where, reading)
    rows = AttributionRows(model, method, chosen, seed, targets_of(target, model.configuration, asked))
    with shown(patience=2.0) as report:
        write(destination, ATTRIBUTIONS, rows.batches(asked, report))
    if rows.above:
        warn(f"{counted(rows.above, 'attribution')} with a completeness_gap above what is tolerated")


def _method(name: str, settings: tuple[str, ...], as_released: bool) -> Method:
    from psl_models.attribution.methods import method_named

    values = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise UsageError(f"--set {setting!r}", remedy="write NAME=VALUE, as in steps=100")
        values[key.strip()] = value.strip()
    if as_released:
        if name != "integrated-gradients" or values:
            raise UsageError("--as-released goes with --method integrated-gradients, and with no --set")
        from psl_models.attribution.integrated_gradients import AS_RELEASED

        return AS_RELEASED
    return method_named(name, values)
