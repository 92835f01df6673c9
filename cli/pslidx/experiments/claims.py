"""The experiment claims."""

from __future__ import annotations

from pathlib import Path

import click

from pslidx.experiments.options import conclude, running
from pslidx.model_options import require_models
from pslidx.options import debug_option


@click.command("claims")
@click.argument("results", metavar="RESULTS", type=click.Path(path_type=Path))
@debug_option
def command(results: Path) -> None:
    """Judge what the study claims by the results of the other experiments.

    RESULTS is the folder that accuracy-table, hit-rate-table and attention-tests were run with. Each claim has a test
    and a threshold that were written down before; p-values are corrected by Holm for all that can be judged, and what
    could not be says what to run.

    \b
    Example:
      pslidx experiment claims results
    """
    require_models()
    from psl_eval.experiments.claims.experiment import NAME, judge

    with running(results, NAME):
        conclude(judge(results), results)
