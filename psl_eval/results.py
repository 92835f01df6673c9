"""What a run of hit rates gives, and the folder it is written to."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import pyarrow as pa

from psl_eval.encoders import encoder
from psl_eval.formats import FORMATS
from psl_eval.replacement import replacing
from psl_index.errors import OutputError, UsageError

SUMMARY: Final = pa.schema(
    [
        pa.field("definition", pa.string(), nullable=False),
        pa.field("exclusion", pa.string(), nullable=False),
        pa.field("against", pa.string(), nullable=False),  # predicted or true
        pa.field("subset", pa.string(), nullable=False),  # all, or the proteins predicted correct or wrong
        pa.field("proteins", pa.int64(), nullable=False),
        pa.field("proteins_scored", pa.int64(), nullable=False),  # with a scored subsequence
        pa.field("subsequences", pa.int64(), nullable=False),
        pa.field("subsequences_scored", pa.int64(), nullable=False),  # with an annotated entry
        pa.field("hit_rate", pa.float64()),  # mean over scored proteins
        pa.field("hit_rate_subsequences", pa.float64()),  # mean over scored subsequences
    ]
)

PROTEINS: Final = pa.schema(
    [
        pa.field("query", pa.string(), nullable=False),
        pa.field("class", pa.string()),  # null without a label
        pa.field("against", pa.string(), nullable=False),
        pa.field("subsequences", pa.int64(), nullable=False),
        pa.field("scored", pa.int64(), nullable=False),
        pa.field("hit_rate", pa.float64()),  # mean over scored subsequences
    ]
)

SCORED: Final = pa.schema(
    [
        pa.field("query", pa.string(), nullable=False),
        pa.field("start", pa.uint32(), nullable=False),  # 1-based
        pa.field("end", pa.uint32(), nullable=False),  # 1-based, inclusive
        pa.field("subsequence", pa.string(), nullable=False),
        pa.field("class", pa.string()),  # null without a label
        pa.field("against", pa.string(), nullable=False),
        pa.field("entries", pa.int64(), nullable=False),  # annotated ones that hold it, after the exclusion
        pa.field("matching", pa.int64()),  # those of them with the class
        pa.field("hit_rate", pa.float64()),
    ]
)

KIND: Final = "pslidx hit rates"
KIND_VERSION: Final = 1


@dataclass(frozen=True)
class HitRates:
    """Hit rates as three tables, and how they came about.

    Attributes
    ----------
    summary : pyarrow.Table
        Columns of `SUMMARY`: for each label, subset of proteins and exclusion (the chosen, ``none``) a row.
    proteins : pyarrow.Table
        Columns of `PROTEINS`, in the order in which the proteins first appear.
    subsequences : pyarrow.Table
        Columns of `SCORED`, in input order.
    manifest : dict
        Choices, inputs, index and counts; holds what JSON can.
    """

    summary: pa.Table
    proteins: pa.Table
    subsequences: pa.Table
    manifest: dict[str, Any]


def write_hit_rates(rates: HitRates, folder: str | os.PathLike[str], *, format: str = "tsv") -> None:
    """Write ``summary``, ``proteins`` and ``subsequences`` (with the format's ending) and ``manifest.json``.

    Earlier hit rates there are replaced. The folder appears complete or not at all, whatever happens; a run that is
    killed between taking the earlier ones away and putting the new ones there leaves it to the next run to put the
    earlier ones back.

    Raises
    ------
    UsageError
        `folder` exists and holds something else, or there is no such format.
    BusyError
        Another process is writing there.
    OutputError
        It cannot be written.
    """
    target = Path(os.path.realpath(folder))
    if format not in FORMATS:
        raise UsageError(f"format {format!r} is none of {', '.join(FORMATS)}")
    check_folder(target)
    with _reported(target), replacing(target) as new:
        for name in _TABLES:
            with _brought_to_disk(new / f"{name}.{format}") as file:
                _write_table(getattr(rates, name), file, format)
        with _brought_to_disk(new / _MANIFEST) as file:
            file.write((json.dumps(rates.manifest, indent=1, ensure_ascii=False) + "\n").encode())


def check_folder(folder: str | os.PathLike[str]) -> None:
    """Refuse a folder that `write_hit_rates` would refuse: before the work, not after.

    Raises
    ------
    UsageError
        It exists and holds something else than hit rates, or no other folder can take its place.
    """
    target = Path(os.path.realpath(folder))
    if not target.exists():
        return
    if not target.is_dir():
        raise UsageError("is a file, not a folder", file=str(folder), remedy="name another with -o")
    if _is_mount_point(target):
        raise UsageError(
            "is a mount point, which cannot be replaced", file=str(folder), remedy="name a folder in it with -o"
        )
    if _holds_working_folder(target):
        raise UsageError(
            "is the working folder or holds it, and would be replaced",
            file=str(folder),
            remedy="name a folder in it with -o",
        )
    names = {path.name for path in target.iterdir()}
    foreign = sorted(names - _OURS)
    if not foreign and names and not _is_ours(target / _MANIFEST):
        foreign = sorted(names)
    if foreign:
        raise UsageError(
            f"holds something else than hit rates ({foreign[0]!r})",
            file=str(folder),
            remedy="name another folder with -o",
        )


_MANIFEST: Final = "manifest.json"
_TABLES: Final = ("summary", "proteins", "subsequences")
_OURS: Final = {_MANIFEST} | {f"{name}.{format}" for name in _TABLES for format in FORMATS}


@contextmanager
def _reported(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"cannot be written: {reason}", file=str(target)) from error


def _is_mount_point(folder: Path, mounts: Path = Path("/proc/self/mountinfo")) -> bool:
    """Also where a folder of the same file system is mounted, which `os.path.ismount` cannot tell."""
    lines = mounts.read_bytes().splitlines() if mounts.exists() else []
    points = {line.split()[4].decode("unicode_escape").encode("latin-1") for line in lines}  # a blank is \040 there
    return os.path.ismount(folder) or os.fsencode(folder) in points


def _holds_working_folder(target: Path) -> bool:
    try:
        return Path.cwd().is_relative_to(target)
    except FileNotFoundError:  # it has been removed
        return False


def _is_ours(manifest: Path) -> bool:
    """Whether it says that the files beside it are hit rates."""
    try:
        written = json.loads(manifest.read_bytes())
    except (FileNotFoundError, ValueError, RecursionError):
        return False
    return isinstance(written, dict) and written.get("format") == KIND


@contextmanager
def _brought_to_disk(path: Path) -> Iterator[BinaryIO]:
    with path.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _write_table(table: pa.Table, file: BinaryIO, format: str) -> None:
    encode = encoder(format, file, table.schema)
    for batch in table.to_batches():
        encode.write(batch)
    encode.finish()
