"""The task of Sonderby et al. 2015: MultiLoc's eleven classes in five folds, single models and ensembles of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch

from psl_eval.experiments.multiloc.answers import answers_of, training_of
from psl_eval.experiments.multiloc.figure import draw
from psl_eval.experiments.multiloc.findings import findings
from psl_eval.experiments.multiloc.folds import LEAKAGE_ROWS, leakage_rows, sides_of
from psl_eval.experiments.multiloc.rows import FOLD_ROWS, SUMMARY_ROWS, fold_rows, summary_rows
from psl_eval.experiments.parts import Parts
from psl_eval.experiments.result import Result
from psl_eval.statistics.rows import table_of
from psl_index.errors import UsageError
from psl_index.progress import Progress
from psl_models.configuration import DEFAULT_SIZES, Configuration, Encoding
from psl_models.datasets import Dataset, class_order
from psl_models.training.material import Material, labels_of

FOLDS: Final = 5


@dataclass(frozen=True)
class MultiLoc:
    """Choices of the experiment.

    Attributes
    ----------
    encoding : Encoding
        Of residues.
    epochs : int
        Of a training at most.
    test_folds : int
        How many of the five folds are held out in turn; four models are trained for each.
    resamples : int
        Of intervals within a fold.
    seed : int
        Of folds and trainings.
    """

    encoding: Encoding = "blosum62"
    epochs: int = 30
    test_folds: int = FOLDS
    resamples: int = 2000
    seed: int = 1

    def run(
        self,
        dataset: Dataset,
        folds: Mapping[str, npt.NDArray[np.int64]],
        device: torch.device,
        parts: Parts,
        report: Callable[[Progress], None],
        *,
        relatives: Mapping[str, Any] | None = None,
        threads: int = 0,
    ) -> Result:
        """Train `conv-blstm-attention` for each split, and test on folds that were held out.

        Parameters
        ----------
        dataset : Dataset
            One class a protein.
        folds : mapping of str to int64 array of shape (n,)
            By the name of the split: the fold of each protein, from 0 to 4.
        device : torch.device
        parts : Parts
        report : callable
        relatives : mapping, optional
            Which clusters the folds keep together, and how many proteins are in none, for the manifest.
        threads : int
            Of searches for shared stretches; 0 for all.

        Raises
        ------
        UsageError
            There is one class only.
        InputError, OutputError
            As of `psl_eval.experiments.multiloc.answers.answers_of`.

        Notes
        -----
        One fifth of the proteins is held out. Of the other four folds each in turn is for early stopping, and a model
        learns from the three that remain: four models that have seen nothing of the fifth. The ensemble is the mean
        of their probabilities. That is done for `test_folds` fifths in turn. So does the code of the same group for
        the same proteins (Jurtz et al. 2017, Bioinformatics 33, 3685), with one fixed fifth.
        """
        classes = class_order(dataset)
        if len(classes) < 2:
            raise UsageError(f"there is one class only, {classes[0]!r}", remedy="give a FASTA file of each class")
        configuration = self._configuration(classes)
        labels = labels_of(dataset, configuration)
        rows: list[dict[str, Any]] = []
        shared: list[dict[str, Any]] = []
        digests: dict[str, str] = {}
        for split, fold_of in folds.items():
            shared += [
                {"split": split} | row
                for row in leakage_rows(dataset, fold_of, range(self.test_folds), threads=threads)
            ]
            for test in range(self.test_folds):
                models = {}
                for validation in (fold for fold in range(FOLDS) if fold != test):
                    name = f"{split}-{test + 1}-{validation + 1}"
                    material = Material(dataset, sides_of(fold_of, test, validation), labels)
                    training = training_of(configuration, material, self.epochs, self.seed, name)
                    models[validation] = answers_of(name, training, device, parts, report, threads=threads)
                    digests[name] = models[validation].digest
                about = {"split": split, "test_fold": test + 1}
                of_fold = fold_rows(models, labels[fold_of == test], classes, self.resamples, self.seed)
                rows += [about | row for row in of_fold]
        table = table_of(list(summary_rows(rows)), SUMMARY_ROWS)
        leakage = table_of(shared, LEAKAGE_ROWS)
        return Result(
            experiment="multiloc",
            tables={"multiloc": table, "folds": table_of(rows, FOLD_ROWS), "leakage": leakage},
            figures={"multiloc": draw(table)},
            findings=findings(table, leakage),
            settings=asdict(self)
            | {
                "models": digests,
                "files": [record._asdict() for record in dataset.records],
                "proteins": len(dataset),
                "relatives": relatives,
                "folds": {split: np.bincount(fold_of, minlength=FOLDS).tolist() for split, fold_of in folds.items()},
                "ensemble": "mean probability of the four models that never saw the held-out fold, each trained on "
                "three of the other folds and stopped by the fourth",
            },
        )

    def _configuration(self, classes: tuple[str, ...]) -> Configuration:
        return Configuration(
            "conv-blstm-attention",
            "attention",
            classes,
            DEFAULT_SIZES["conv-blstm-attention"],
            encoding=self.encoding,
            max_length=1000,
            truncate="middle",
        )
