"""The folder that hit rates are written to."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from psl_eval.results.encoders import encoder
from psl_eval.results.formats import FORMATS
from psl_eval.results.manifests import read_manifest
from psl_eval.results.replacement import replacing
from psl_eval.results.schemas import KIND, TABLES, Results
from psl_index.errors import OutputError, UsageError


def write_hit_rates(rates: Results, folder: str | os.PathLike[str], *, format: str = "tsv") -> None:
    """Write each table to a file of its name (with the format's ending), and ``manifest.json``.

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
        for name, schema, batches in rates.tables():
            with _brought_to_disk(new / f"{name}.{format}") as file:
                encode = encoder(format, file, schema)
                for batch in batches:
                    encode.write(batch)
                encode.finish()
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
    if not foreign and names and read_manifest(target / _MANIFEST).get("format") != KIND:
        foreign = sorted(names)
    if foreign:
        raise UsageError(
            f"holds something else than hit rates ({foreign[0]!r})",
            file=str(folder),
            remedy="name another folder with -o",
        )


_MANIFEST: Final = "manifest.json"
_OURS: Final = {_MANIFEST} | {f"{name}.{format}" for name in TABLES for format in FORMATS}


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


@contextmanager
def _brought_to_disk(path: Path) -> Iterator[BinaryIO]:
    with path.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
