"""A training from data set to model folder."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from psl_models.checkpoints import weights_of
from psl_models.configuration import Configuration
from psl_models.model import Model
from psl_models.splits import SIDES, TRAIN, VALIDATION, counts
from psl_models.training.assessment import Assessment, assess
from psl_models.training.examples import Examples
from psl_models.training.folder import STATE, write_lines, write_model_folder
from psl_models.training.loop import Trained, train
from psl_models.training.material import Material
from psl_models.training.options import TrainingOptions

#: Is told what is being done, how many proteins of it are done, and how many there are.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Training:
    """What is trained, on what, and how.

    Attributes
    ----------
    configuration : Configuration
    material : Material
    options : TrainingOptions
    guide : Model or None
        For the pooling ``guided``.
    split : str
        How the proteins were divided, in words.
    leakage : sequence of dict
        What the sides have in common, as `psl_models.card.card` takes it.
    rows_of_guide : sequence of str
        `psl_models.training.folder.training_rows` of the guide.
    frozen : mapping of str to Tensor
        Weights of the network, by name, that are given and not learned.
    across : bool
        Whether learned weights of residues are laid out as the study's code does (`psl_models.attention.across`).
    """

    configuration: Configuration
    material: Material
    options: TrainingOptions
    guide: Model | None
    split: str
    leakage: Sequence[dict[str, Any]]
    rows_of_guide: Sequence[str] = ()
    frozen: Mapping[str, Tensor] = field(default_factory=dict)
    across: bool = False

    def run(
        self,
        folder: Path,
        *,
        resume: bool = False,
        device: torch.device | None = None,
        progress: Progress | None = None,
        tell: Callable[[dict[str, Any]], None] | None = None,
    ) -> Assessment:
        """Train, measure, and write the model into `folder`, within `psl_models.training.folder.training_folder`.

        Raises
        ------
        InputError, OutputError, UsageError
            As `psl_models.training.loop.train`.
        """
        began = time.monotonic()
        trained = self._trained(folder, resume, device, progress, tell)
        model = Model(self.configuration, trained.network, self.guide)
        assessed = assess(model, self.material, progress)
        model.configuration = dataclasses.replace(self.configuration, thresholds=assessed.thresholds)
        metrics = {
            "test": assessed.test.as_json(),
            "validation": assessed.validation.as_json(),
            "baselines": {name: measured.as_json() for name, measured in assessed.baselines.items()},
        }
        seconds = max(time.monotonic() - began, sum(line["seconds"] for line in trained.lines))
        record = self._record(model, trained, seconds)
        write_model_folder(folder, model, self.material, trained.lines, record, metrics, self.rows_of_guide)
        return assessed

    def _trained(
        self,
        folder: Path,
        resume: bool,
        device: torch.device | None,
        progress: Progress | None,
        tell: Callable[[dict[str, Any]], None] | None,
    ) -> Trained:
        def report(epoch: int, done: int, total: int) -> None:
            if progress is not None:
                progress(f"epoch {epoch} of at most {self.options.epochs}", done, total)

        def measured(lines: list[dict[str, Any]]) -> None:
            write_lines(folder, lines)
            if tell is not None:
                tell(lines[-1])

        return train(
            self.configuration,
            self._examples(TRAIN, cut=True),
            self._examples(VALIDATION, cut=False),
            self.options,
            frozen=self.frozen,
            state_file=folder / STATE,
            resume=resume,
            device=device,
            report=report,
            tell=measured,
        )

    def _examples(self, side: int, *, cut: bool) -> Examples:
        examples = self.material.examples(side, self.configuration, self.guide, cut=cut)
        return dataclasses.replace(examples, across=self.across)

    def _record(self, model: Model, trained: Trained, seconds: float) -> dict[str, Any]:
        material = self.material
        return {
            "parameters": sum(parameter.numel() for parameter in trained.network.parameters()),
            "bytes": len(weights_of(trained.network)),
            "files": [record._asdict() for record in material.dataset.records],
            "split": self.split,
            "counts": counts(material.dataset, material.split),
            "proteins": {name: len(material.rows(side)) for side, name in enumerate(SIDES)},
            "leakage": list(self.leakage),
            "settings": dataclasses.asdict(self.options)
            | ({"frozen": ", ".join(sorted(self.frozen))} if self.frozen else {})
            | ({"weights": "laid out across the proteins of a batch"} if self.across else {}),
            "epochs": len(trained.lines),
            "kept_epoch": trained.best_epoch,
            "threads": torch.get_num_threads(),
            "seconds": round(seconds),
            "device": model.device.type,
            "versions": {"pslidx": version("pslidx"), "torch": str(torch.__version__)},
            "curves": "curves.png",
        }
