"""The folder of a model that is trained here: what it holds in the meantime and in the end.

Until the training has ended there is no ``config.json``, so that nothing takes the folder for a model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from psl_index.errors import UsageError
from psl_models.card import card
from psl_models.checkpoints import CONFIGURATION, WEIGHTS, save_model, write_durably
from psl_models.model import Model
from psl_models.splits import SIDES
from psl_models.training.curves import draw_curves
from psl_models.training.material import Material

STATE: Final = "training.safetensors"
LINES: Final = "metrics.jsonl"
METRICS: Final = "metrics.json"
TRAINING_SET: Final = "training_set.tsv"
CURVES: Final = "curves.png"
CARD: Final = "README.md"

# https://www.uniprot.org/help/accession_numbers
_ACCESSION: Final = re.compile(r"[OPQ][0-9][A-Z0-9]{3}[0-9]|[A-NR-Z][0-9]([A-Z][A-Z0-9]{2}[0-9]){1,2}")


def check_target(folder: Path, *, resume: bool) -> None:
    """Refuse a folder that a training would spoil, before the work.

    Raises
    ------
    UsageError
        It holds a model, something else, or, unless `resume`, a training that was cut off.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError("is a file, not a folder", file=str(folder), remedy="name another with -o")
    names = {path.name for path in folder.iterdir()}
    if CONFIGURATION in names:
        raise UsageError("holds a model already", file=str(folder), remedy="name another folder with -o")
    if STATE in names and not resume:
        raise UsageError(
            "holds a training that was cut off", file=str(folder), remedy="go on with --resume, or remove the folder"
        )
    foreign = sorted(name for name in names if STATE not in names or name not in _OURS)
    if foreign:
        problem = f"holds something else than a training ({foreign[0]!r})"
        raise UsageError(problem, file=str(folder), remedy="name another folder with -o")


def write_lines(folder: Path, lines: Sequence[dict[str, Any]]) -> None:
    """Write the measurements after each epoch, as JSONL."""
    write_durably(folder / LINES, "".join(f"{json.dumps(line)}\n" for line in lines).encode())


def write_model_folder(
    folder: Path, model: Model, material: Material, training: dict[str, Any], metrics: dict[str, Any]
) -> None:
    """Turn the folder of a training that has ended into a model.

    Parameters
    ----------
    folder : path
        Holds `LINES`.
    model : Model
    material : Material
    training, metrics : dict
        As `psl_models.card.card` takes them; stored in ``metrics.json``.
    """
    lines = [json.loads(line) for line in (folder / LINES).read_text().splitlines()]
    draw_curves(lines, folder / CURVES)
    write_training_set(folder / TRAINING_SET, material)
    write_durably(folder / METRICS, (json.dumps({"training": training, **metrics}, indent=1) + "\n").encode())
    write_durably(folder / CARD, card(model.configuration.as_json(), training, metrics).encode())
    save_model(model, folder)
    (folder / STATE).unlink(missing_ok=True)


def write_training_set(path: Path, material: Material) -> None:
    """Write accession and split of every protein that is used; its sequence too where its name is no accession."""
    rows = ["accession\tsplit\tsequence"]
    dataset = material.dataset
    for row, side in enumerate(material.split.tolist()):
        if side >= 0:
            accession = dataset.accessions[row]
            sequence = "" if _ACCESSION.fullmatch(accession) else dataset.sequences[row]
            rows.append(f"{accession}\t{SIDES[side]}\t{sequence}")
    write_durably(path, ("\n".join(rows) + "\n").encode())


_OURS: Final = {STATE, LINES, METRICS, TRAINING_SET, CURVES, CARD, WEIGHTS}
