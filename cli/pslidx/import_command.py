"""The command that takes over a checkpoint of the published study: import-checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from psl_index.errors import OutputError, UsageError
from pslidx.messages import say
from pslidx.model_options import require_models, short_of_memory
from pslidx.options import debug_option
from pslidx.signals import raised

if TYPE_CHECKING:
    from psl_models.model import Model


@click.command("import-checkpoint")
@click.argument("checkpoint", metavar="FILE.pth")
@click.option(
    "-o", "--output", "folder", required=True, type=click.Path(path_type=Path), metavar="MODEL", help="Folder to make."
)
@click.option(
    "--pooling",
    type=click.Choice(["last", "attention", "uniform", "uniform-sum"]),
    help="In place of the one the file has weights for: some hold an attention that was never used.",
)
@debug_option
@short_of_memory()
def import_checkpoint(checkpoint: str, folder: Path, pooling: Any) -> None:
    """Make a model of a checkpoint of the published study.

    FILE.pth is one of its BiLSTM, CNN-BiLSTM or MLP, with or without attention. Only tensors are read from it; what
    else such a file can hold is never executed. The tokens and classes are the study's.

    \b
    Example:
      pslidx import-checkpoint lstm_attention.pth -o released
      pslidx import-checkpoint cnn_lstm_attention.pth --pooling last -o released-last
    """
    require_models()
    from psl_models.released import import_released

    if folder.exists():
        raise UsageError("is there already", file=str(folder), remedy="name another folder with -o")
    model = import_released(checkpoint, pooling)
    with raised():
        try:
            _write(model, checkpoint, folder)
        except OSError as error:
            problem = f"cannot be made: {error.strerror or error}"
            raise OutputError(problem, file=str(folder), remedy="name another with -o") from error
    configuration = model.configuration
    weights = sum(parameter.numel() for parameter in model.network.parameters())
    say(f"{folder}: {configuration.architecture} with pooling {configuration.pooling}, {weights:,} weights")


def _write(model: Model, checkpoint: str, folder: Path) -> None:
    """Write the model and its card; the folder appears complete or not at all."""
    import hashlib

    from psl_eval.results.replacement import replacing
    from psl_index.file_records import FileRecord, base_name
    from psl_models.card import card
    from psl_models.checkpoints import save_file, save_model

    content = Path(checkpoint).read_bytes()
    record = FileRecord(base_name(checkpoint), len(content), hashlib.sha256(content).hexdigest())
    with replacing(folder) as new:
        save_model(model, new)
        save_file(new / "README.md", card(model.configuration.as_json(), {"imported": record._asdict()}, {}).encode())
