"""The command that trains a network: train."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from psl_index.progress import Progress
from pslidx.messages import counted, say
from pslidx.model_options import (
    TRAINED_LENGTH,
    device_option,
    labels_options,
    length_options,
    prepared_torch,
    seed_option,
    short_of_memory,
)
from pslidx.options import NumberRange, debug_option, threads_option
from pslidx.progress import shown
from pslidx.signals import raised

if TYPE_CHECKING:
    from psl_models.metrics import Metrics
    from psl_models.training.material import Material

_ARCHITECTURES: Final = ("mlp", "bilstm", "cnn-bilstm-small", "cnn-bilstm-large", "conv-blstm-attention")
_VERBS: Final = ("learn from", "validate with", "test with")
_OPTIONS: Final = (
    "epochs", "patience", "learning_rate", "weight_decay", "batch", "clip", "class_weights", "averaging",
    "label_smoothing", "masking", "precision", "seed",
)  # fmt: skip


@click.command()
@click.argument("proteins", metavar="FASTA")
@click.option(
    "-o", "--output", "folder", required=True, type=click.Path(path_type=Path), metavar="MODEL", help="Folder to make."
)
@labels_options
@click.option(
    "--classes", metavar="NAME,...", help="The classes in the order of the outputs, where some have no protein."
)
@click.option("--multi-label", is_flag=True, help="A protein can have several classes.")
@click.option("--skip-bad", is_flag=True, help="Pass over bad proteins, and say how many there were.")
@click.option(
    "--split",
    type=click.Choice(["official", "file", "partition", "random", "cluster"]),
    help="Who trains, validates and tests: DeepLoc's own test set (official, the default where it is marked), a column "
    "of --split-file, homology partitions, at random (the default elsewhere), or whole --clusters at random.",
)
@click.option("--split-file", metavar="FILE", help="Table with the columns accession and --split-column.")
@click.option("--split-column", metavar="NAME", help="Holds train, validation or test; split by default.")
@click.option("--clusters", metavar="FILE", help="Two columns, as MMseqs2 or `pslidx cluster` give them.")
@click.option(
    "--partitions",
    metavar="TEST,VALIDATION",
    help="Partitions that test and validate with --split partition; 4,3 by default.",
)
@click.option(
    "--fractions",
    metavar="A,B,C",
    help="Shares that train, validate and test where the split is random; 0.7,0.15,0.15 by default.",
)
@click.option(
    "--architecture", type=click.Choice(_ARCHITECTURES), default="bilstm", help="The network; bilstm is the default."
)
@click.option(
    "--pooling",
    type=click.Choice(["last", "attention", "uniform", "uniform-sum", "guided"]),
    default="attention",
    help="From residues to protein: a learned attention (the default), the last states, their mean or sum, or weighted "
    "by the attention of --guide.",
)
@click.option("--guide", metavar="MODEL", help="Whose attention --pooling guided takes.")
@click.option(
    "--encoding",
    type=click.Choice(["embedding", "one-hot", "blosum62"]),
    default="embedding",
    help="Residues as vectors: learned (the default), unit vectors, or rows of BLOSUM62.",
)
@length_options(TRAINED_LENGTH)
@click.option("--embedding", type=click.IntRange(1), metavar="N", help="Channels of a learned embedding.")
@click.option("--kernels", metavar="N,...", help="Widths of the convolutions, odd.")
@click.option("--filters", type=click.IntRange(1), metavar="N", help="Channels of each convolution.")
@click.option("--convolution", type=click.IntRange(1), metavar="N", help="Channels of the convolution over them.")
@click.option("--hidden", type=click.IntRange(1), metavar="N", help="LSTM units of a direction.")
@click.option("--layers", type=click.IntRange(1), metavar="N", help="Layers of LSTMs.")
@click.option("--attention", type=click.IntRange(1), metavar="N", help="Units of the attention.")
@click.option(
    "--dropout",
    type=NumberRange(0, 1, max_open=True),
    metavar="SHARE",
    help="Share of input channels and states that training leaves out; each network has its own default.",
)
@click.option(
    "--masking",
    type=NumberRange(0, 1, max_open=True),
    default=0.0,
    metavar="SHARE",
    help="Share of residues that training shows as X; none by default.",
)
@click.option("--epochs", type=click.IntRange(1), default=30, metavar="N", help="Epochs at most; 30 by default.")
@click.option(
    "--patience",
    type=click.IntRange(1),
    default=8,
    metavar="N",
    help="Epochs without a better macro F1 on the validation proteins after which training stops; 8 by default.",
)
@click.option(
    "--learning-rate",
    type=NumberRange(0, 1, min_open=True),
    default=2e-3,
    metavar="X",
    help="Of AdamW at its highest, after the first epoch; 0.002 by default.",
)
@click.option("--weight-decay", type=NumberRange(0, 1), default=1e-2, metavar="X", help="Of AdamW; 0.01 by default.")
@click.option(
    "--batch", type=click.IntRange(1), default=32, metavar="N", help="Proteins of a batch at most; 32 by default."
)
@click.option(
    "--clip",
    type=NumberRange(0, min_open=True),
    default=1.0,
    metavar="X",
    help="Norm that a longer gradient is cut to; 1 by default.",
)
@click.option(
    "--class-weights",
    type=click.Choice(["none", "balanced", "square-root"]),
    default="square-root",
    help="Weight of a class in the loss: one over its share (balanced), the square root of that (the default), or the "
    "same for all (none).",
)
@click.option(
    "--averaging",
    type=NumberRange(0, 1, max_open=True),
    default=0.995,
    metavar="X",
    help="Decay a step of the running mean of the weights, which is what is kept; 0.995 by default, 0 keeps the "
    "weights themselves.",
)
@click.option(
    "--label-smoothing",
    type=NumberRange(0, 1, max_open=True),
    default=0.0,
    metavar="SHARE",
    help="Share of the target that goes to all classes alike; none by default.",
)
@click.option(
    "--precision",
    type=click.Choice(["float32", "bfloat16"]),
    help="Of products of matrices while training: bfloat16 is the default on CUDA, and faster on processors with AMX "
    "or AVX-512 BF16; float32 is the default elsewhere.",
)
@seed_option("Of weights, batches, dropout and random splits; 1 by default.", 1)
@click.option("--resume", is_flag=True, help="Go on with a training that was cut off.")
@click.option("--no-leakage-check", is_flag=True, help="Do not compare the sides of the split with one another.")
@device_option
@threads_option
@debug_option
@short_of_memory()
def train(proteins: str, folder: Path, device: str, threads: int, resume: bool, **chosen: Any) -> None:
    """Train a network to predict where in the cell a protein is.

    FASTA is a file of proteins with their classes: DeepLoc 1.0's FASTA, DeepLoc 2.0's table (--multi-label), a folder
    with a FASTA file for each class, or any FASTA or table with --labels.

    MODEL becomes a folder: config.json, model.safetensors, metrics.json, metrics.jsonl (a line an epoch), curves.png,
    training_set.tsv (for `hitrate --exclude train`) and README.md, the model card. Stopped in between, it goes on with
    --resume.

    \b
    Example:
      pslidx train deeploc_data.fasta -o model
      pslidx train deeploc_data.fasta --split random --architecture cnn-bilstm-large -o model
      pslidx train deeploc2.csv --multi-label --split partition -o model
      pslidx train deeploc_data.fasta --architecture mlp --pooling guided --guide model -o guided
    """
    where = prepared_torch(device, threads)
    from psl_models.training.folder import training_folder
    from psl_models.training.material import Material, labels_of
    from psl_models.training.options import TrainingOptions
    from psl_models.training.running import Training
    from pslidx.training_request import configuration_of, dataset_of, guide_of, split_of

    click.get_current_context().with_resource(training_folder(folder, resume=resume))  # until the command ends
    dataset = dataset_of(proteins, chosen)
    configuration = configuration_of(dataset, chosen)
    labels = labels_of(dataset, configuration)
    guide, rows_of_guide = guide_of(configuration, chosen["guide"], where)
    split, in_words = split_of(dataset, chosen)
    material = Material(dataset, split, labels)
    chosen["precision"] = chosen["precision"] or ("bfloat16" if where.type == "cuda" else "float32")
    options = TrainingOptions(**{name: chosen[name] for name in _OPTIONS})
    say(f"{proteins}: {_sizes_of(material)}")
    say(f"split: {in_words}")
    say(f"classes: {_classes_of(material, configuration.classes)}")
    leaks = () if chosen["no_leakage_check"] else _leakage(material, threads)
    training = Training(configuration, material, options, guide, in_words, leaks, rows_of_guide)
    with raised(), shown() as report:
        assessed = training.run(
            folder,
            resume=resume,
            device=where,
            progress=lambda step, done, total: report(Progress(step, done, total, "proteins")),
            tell=lambda line: report.tell(_epoch_in_words(line, configuration.task)),
        )
    click.echo("\n".join(assessed.test.describe()))
    for name, measured in assessed.baselines.items():
        click.echo(f"  baseline {name}: {_figure_of(measured)}")


def _sizes_of(material: Material) -> str:
    sides = ", ".join(f"{len(material.rows(side)):,} to {verb}" for side, verb in enumerate(_VERBS))
    return f"{counted(len(material.dataset), 'protein')}: {sides}"


def _classes_of(material: Material, classes: tuple[str, ...]) -> str:
    found = Counter(label for labels in material.dataset.labels for label in labels)
    return ", ".join(f"{name} {found[name]:,}" for name in classes)


def _leakage(material: Material, threads: int) -> list[dict[str, Any]]:
    from psl_eval.leakage import leakage

    overlaps = leakage(material.sides(), threads=threads).overlaps
    for overlap in overlaps:
        say(str(overlap))
    return [overlap.as_row() | {"sentence": str(overlap)} for overlap in overlaps]


def _epoch_in_words(line: dict[str, Any], task: str) -> str:
    accuracy = "accuracy" if task == "single-label" else "subset accuracy"
    return (
        f"epoch {line['epoch']}: loss {line['train_loss']:.3f}; on the validation proteins loss "
        f"{line['validation_loss']:.3f}, {accuracy} {line['validation_accuracy']:.3f}, macro F1 "
        f"{line['validation_macro_f1']:.3f}; {line['seconds']:.0f} s"
    )


def _figure_of(measured: Metrics) -> str:
    from psl_models.metrics import FIGURES

    name = "accuracy" if measured.task == "single-label" else "jaccard"
    return f"{FIGURES[name]} {measured.figures[name].value:.3f}"
