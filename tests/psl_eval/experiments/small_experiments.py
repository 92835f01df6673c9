"""What tests of experiments share: invented proteins, small models, and no progress."""

from __future__ import annotations

from collections.abc import Sequence

from psl_eval.experiments.models import NamedModel
from psl_eval.explanations.asked import Asked
from psl_index.file_records import FileRecord
from psl_index.progress import Progress
from psl_models.datasets.proteins import Protein, dataset_of
from tests.psl_models.small_models import small_model


def asked_of(sequences: Sequence[str], labels: Sequence[str] = ("Nucleus",)) -> Asked:
    """Proteins P0, P1 and so on; their labels come round again and again."""
    proteins = [
        Protein(f"P{number}", f"P{number}", sequence, (labels[number % len(labels)],), 1)
        for number, sequence in enumerate(sequences)
    ]
    record = FileRecord("invented", 0, "")
    return Asked(dataset_of(proteins, multi_label=False, files=["invented"], records=[record]), list(sequences))


def named(architecture: str = "bilstm", pooling: str = "attention") -> NamedModel:
    """A small model with random weights, under the name of its network."""
    return NamedModel(architecture, small_model(architecture, pooling))


def nothing(progress: Progress) -> None:
    """No progress is shown."""
