"""The folder of a model that is trained here: what it holds in the meantime and in the end.

Until the training has ended there is no ``config.json``, so that nothing takes the folder for a model.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from psl_index.errors import BusyError, OutputError, UsageError
from psl_index.folder_lock import locked_folder
from psl_models.card import card
from psl_models.checkpoints import CONFIGURATION, GUIDE, WEIGHTS, save_file, save_model
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
_ACCESSION: Final = re.compile(
    r"([OPQ][0-9][A-Z0-9]{3}[0-9]|[A-NR-Z][0-9]([A-Z][A-Z0-9]{2}[0-9]){1,2})(-[0-9]+)?"
)  # isoforms, too


@contextlib.contextmanager
def training_folder(folder: Path, *, resume: bool) -> Iterator[None]:
    """Make the folder of a training, or take the one that is there, and keep others out of it; before the work.

    What was made here and is empty in the end is removed again, with the folders above it.

    Raises
    ------
    UsageError
        It holds a model, something else, or, unless `resume`, a training that was cut off.
    BusyError
        Another training is going on there.
    OutputError
        It cannot be made.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError("is a file, not a folder", file=str(folder), remedy="name another with -o")
    above = [parent for parent in folder.absolute().parents if not parent.exists()]
    busy = BusyError("another training is going on there", file=str(folder), remedy="wait for it, or name another")
    with contextlib.ExitStack() as until_done:
        try:
            made = until_done.enter_context(locked_folder(folder, lambda: busy))
        except OSError as error:
            problem = f"cannot be made: {error.strerror or error}"
            raise OutputError(problem, file=str(folder), remedy="name another with -o") from error
        _check(folder, resume)
        for name in _OURS:
            (folder / f"{name}{_UNFINISHED}").unlink(missing_ok=True)
        try:
            yield
        finally:
            if made and not any(folder.iterdir()):
                folder.rmdir()
                with contextlib.suppress(OSError):  # of what others have put something in since
                    for parent in above:
                        parent.rmdir()


def write_lines(folder: Path, lines: Sequence[dict[str, Any]]) -> None:
    """Write the measurements after each epoch, as JSONL."""
    save_file(folder / LINES, "".join(f"{json.dumps(line)}\n" for line in lines).encode())


def write_model_folder(
    folder: Path,
    model: Model,
    material: Material,
    lines: Sequence[dict[str, Any]],
    training: dict[str, Any],
    metrics: dict[str, Any],
    rows_of_guide: Sequence[str],
) -> None:
    """Turn the folder of a training that has ended into a model.

    Parameters
    ----------
    folder : path
    model : Model
    material : Material
    lines : list of dict
        What was measured after each epoch.
    training, metrics : dict
        As `psl_models.card.card` takes them; stored in ``metrics.json``.
    rows_of_guide : sequence of str
        `training_rows` of the guide, if there is one.
    """
    write_lines(folder, lines)
    save_file(folder / CURVES, draw_curves(lines, training["kept_epoch"]))
    write_training_set(folder / TRAINING_SET, material, rows_of_guide)
    save_file(folder / METRICS, (json.dumps({"training": training, **metrics}, indent=1) + "\n").encode())
    save_file(folder / CARD, card(model.configuration.as_json(), training, metrics).encode())
    save_model(model, folder)
    (folder / STATE).unlink(missing_ok=True)


def training_rows(folder: Path) -> list[str]:
    """The rows of the training set of a model that was trained here, without their header; else none."""
    path = folder / TRAINING_SET
    return path.read_text().splitlines()[1:] if path.exists() else []


def write_training_set(path: Path, material: Material, rows_of_guide: Sequence[str]) -> None:
    """Write accession and split of every protein that is used; its sequence too where its name is no accession.

    Then the rows of the guide: what it has learned from, the model has seen through it.
    """
    rows = ["accession\tsplit\tsequence"]
    dataset = material.dataset
    for row, side in enumerate(material.split.tolist()):
        if side >= 0:
            accession = dataset.accessions[row]
            sequence = "" if _ACCESSION.fullmatch(accession) else dataset.sequences[row]
            rows.append(f"{accession}\t{SIDES[side]}\t{sequence}")
    save_file(path, "".join(f"{row}\n" for row in dict.fromkeys([*rows, *rows_of_guide])).encode())


_OURS: Final = {STATE, LINES, METRICS, TRAINING_SET, CURVES, CARD, WEIGHTS, GUIDE, CONFIGURATION}
_UNFINISHED: Final = ".new"  # the end of what `psl_index.durable.write_durably` has not finished


def _check(folder: Path, resume: bool) -> None:
    names = {path.name for path in folder.iterdir()}
    if CONFIGURATION in names:
        raise UsageError("holds a model already", file=str(folder), remedy="name another folder with -o")
    if STATE in names and not resume:
        raise UsageError(
            "holds a training that was cut off", file=str(folder), remedy="go on with --resume, or remove the folder"
        )
    ours = _OURS if STATE in names else {f"{STATE}{_UNFINISHED}"}
    foreign = sorted(name for name in names if name not in ours and name.removesuffix(_UNFINISHED) not in ours)
    if foreign:
        problem = f"holds something else than a training ({foreign[0]!r})"
        raise UsageError(problem, file=str(folder), remedy="name another folder with -o")
