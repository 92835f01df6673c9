"""The networks of a split, each trained when it is first asked for."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch

from psl_eval.experiments.accuracy.arms import TEACHER, Arm, training_of
from psl_eval.experiments.models import NamedModel
from psl_eval.experiments.parts import Parts
from psl_eval.experiments.trained import trained
from psl_index.progress import Progress
from psl_models.model import Model
from psl_models.training.material import Material
from psl_models.training.options import Precision


class Divided(NamedTuple):
    """Proteins under the name of their split."""

    name: str
    in_words: str
    material: Material


@dataclass(frozen=True, eq=False)
class Trainings:
    """Networks of one split, by arm and seed.

    Attributes
    ----------
    classes : tuple of str
    divided : Divided
    teachers : int
        BiLSTMs with attention that other arms take over from, in turn.
    epochs : int or None
        Of every training; None for those of the recipes.
    precision : Precision
    device : torch.device
    parts : Parts
    report : callable
    """

    classes: tuple[str, ...]
    divided: Divided
    teachers: int
    epochs: int | None
    precision: Precision
    device: torch.device
    parts: Parts
    report: Callable[[Progress], None]

    def teacher_of(self, arm: Arm, seed: int) -> int | None:
        """Seed of the BiLSTM that an arm takes over from with this seed; None of an arm that takes over nothing."""
        return None if arm.pre_set is None else (seed - 1) % self.teachers + 1

    def model(self, arm: Arm, seed: int, teacher: NamedModel | None = None, name: str | None = None) -> NamedModel:
        """The network of an arm; `teacher` is another model to take over from, and `name` another name.

        Raises
        ------
        InputError, OutputError, UsageError
            As of `psl_eval.experiments.trained.trained`.
        """

        def taking_over() -> Model:
            of_seed = self.teacher_of(arm, seed)
            assert of_seed is not None
            return (teacher or self.model(TEACHER, of_seed)).model

        training = training_of(
            arm,
            self.classes,
            self.divided.material,
            self.divided.in_words,
            seed,
            functools.cache(taking_over),
            epochs=self.epochs,
            precision=self.precision,
        )
        return trained(f"{name or arm.name}-{seed}", training, self.parts, self.device, self.report).model
