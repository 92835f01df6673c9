"""An index of sequences for as long as it is asked, and the stretches to ask it for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from psl_index.errors import OutputError

if TYPE_CHECKING:
    from psl_index.index import Index


@contextmanager
def temporary_index(sequences: Sequence[str], threads: int) -> Iterator[Index]:
    """An index whose entries are at least one sequence, in order; removed afterwards.

    Raises
    ------
    OutputError
        There is no room for it in the folder of temporary files.
    """
    from psl_index.builder import build
    from psl_index.index import Index

    with TemporaryDirectory(prefix="pslidx-") as folder:
        fasta, path = Path(folder, "sequences.fasta"), Path(folder, "index")
        _write_fasta(fasta, sequences)
        build([fasta], path, threads=threads)
        with Index.open(path) as index:
            yield index


def stretches(sequences: Sequence[str], lengths: Sequence[int]) -> pa.LargeStringArray:
    """All windows of `lengths` residues of each sequence, in order; of a shorter sequence none."""
    letters, sizes = [np.empty(0, np.uint8)], [np.empty(0, np.int64)]
    for sequence, length in zip(sequences, lengths, strict=True):
        if len(sequence) >= length:
            residues = np.frombuffer(sequence.encode("ascii"), np.uint8)
            windows = np.lib.stride_tricks.sliding_window_view(residues, length)
            letters.append(windows.ravel())
            sizes.append(np.full(len(windows), length))
    text, offsets = np.concatenate(letters), np.cumsum(np.concatenate([[0], *sizes]))
    return pa.LargeStringArray.from_buffers(
        len(offsets) - 1, pa.py_buffer(offsets.astype(np.int64)), pa.py_buffer(text)
    )


def _write_fasta(path: Path, sequences: Sequence[str]) -> None:
    try:
        path.write_text("".join(f">{number}\n{sequence}\n" for number, sequence in enumerate(sequences)))
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"cannot be written: {reason}", file=str(path), remedy="set TMPDIR to a larger disk"
        ) from error
