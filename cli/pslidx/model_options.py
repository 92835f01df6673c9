"""Options that the commands on models share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from psl_index.errors import UsageError

if TYPE_CHECKING:
    import torch

Command = TypeVar("Command", bound=Callable[..., Any])

#: Residues that training keeps of a longer protein, as the study and DeepLoc.
TRAINED_LENGTH: Final = 1000

_LARGEST_SEED: Final = 2**32 - 1  # what all generators take
_EXTRA: Final = ("torch", "safetensors", "sklearn", "matplotlib", "logomaker")


def require_models() -> None:
    """UsageError where the extra is not installed."""
    missing = [name for name in _EXTRA if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"this command takes {missing[0]}, which is not installed", remedy="pip install 'pslidx[models]'"
        )


def device_option(command: Command) -> Command:
    """``--device``."""
    return click.option(
        "--device",
        default="auto",
        metavar="NAME",
        help="cpu, cuda, or auto (the default): CUDA where there is such a device.",
    )(command)


def seed_option(help_text: str, default: int) -> Callable[[Command], Command]:
    """``--seed``."""
    return click.option("--seed", type=click.IntRange(0, _LARGEST_SEED), default=default, metavar="N", help=help_text)


def labels_options(command: Command) -> Command:
    """``--labels`` and ``--columns``, for a command that reads proteins with their classes."""
    labels = click.option(
        "--labels",
        metavar="FILE",
        help="Classes of the proteins: a table with the columns accession and labels, or one a line in their order.",
    )
    columns = click.option(
        "--columns",
        metavar="OURS=THEIRS,...",
        help="Names of the columns accession, sequence and locations in a table, where it has others.",
    )
    return labels(columns(command))


def length_options(default: int | None) -> Callable[[Command], Command]:
    """``--max-length`` and ``--truncate``, which `kept_length` reads with the same default."""
    longest = click.option(
        "--max-length",
        type=click.IntRange(min=1),
        metavar="N",
        help=f"Residues that are kept of a longer protein; {'all' if default is None else f'{default:,}'} by default.",
    )
    where = click.option(
        "--truncate",
        type=click.Choice(["middle", "end", "none"]),
        default="middle",
        help="What a longer protein loses: its middle (the default), its end, or nothing.",
    )

    def decorated(command: Command) -> Command:
        return longest(where(command))

    return decorated


def kept_length(chosen: Mapping[str, Any], default: int | None) -> int | None:
    """Residues that are kept of a longer protein, None for all.

    Raises
    ------
    UsageError
        ``--max-length`` is given together with ``--truncate none``.
    """
    asked: int | None = chosen["max_length"]
    if chosen["truncate"] != "none":
        return asked or default
    if asked is not None:
        raise UsageError("--truncate none keeps proteins whole, whatever --max-length", remedy="leave out one of them")
    return None


def prepared_torch(device: str, threads: int) -> torch.device:
    """The device of that name; from now on torch uses so many threads (0: as many as there are cores)."""
    require_models()
    import torch

    from psl_models.allocator import keep_memory
    from psl_models.model import device_named

    chosen = device_named(device)
    torch.set_num_threads(threads or len(os.sched_getaffinity(0)))
    keep_memory()
    return chosen


@contextmanager
def short_of_memory() -> Iterator[None]:
    """MemoryError for what torch raises where there is none left; a decorator of commands, too."""
    try:
        yield
    except RuntimeError as error:
        import torch

        if isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error):
            raise MemoryError from error
        raise


def model_and_proteins(command: Command) -> Command:
    """The arguments ``[MODEL] FASTA`` as the pair `arguments`, None for a model that is not named."""
    return click.argument("arguments", nargs=-1, metavar="[MODEL] FASTA", required=True, callback=_two_of)(command)


def attention_option(command: Command) -> Command:
    """``--attention``, of a model that is asked."""
    return click.option(
        "--attention",
        type=click.Choice(["learned", "uniform", "permuted", "random"]),
        default="learned",
        help="Weights of the residues: learned (the default), all alike, learned ones in random order, or random.",
    )(command)


def _two_of(context: click.Context, _: click.Parameter, values: tuple[str, ...]) -> tuple[str | None, str]:
    if len(values) > 2:
        raise click.UsageError(f"expected [MODEL] FASTA, found {len(values)} arguments.", context)
    return (None, values[0]) if len(values) == 1 else (values[0], values[1])
