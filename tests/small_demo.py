"""The demo, in seconds: few residues, one epoch, two methods."""

from __future__ import annotations

import functools

import pytest
from pslidx import demo_command

from psl_eval.experiments.ground_truth import experiment


def make_small(patch: pytest.MonkeyPatch) -> None:
    """Have `pslidx demo` make less, in this process."""
    quick = functools.partial(experiment.GroundTruth, methods=("attention", "random"), epochs=1, explained=8)
    patch.setattr(demo_command, "_RESIDUES", 150_000)
    patch.setattr(experiment, "GroundTruth", quick)
