"""What an experiment has worked out so far, kept part by part: run again, it goes on from there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from psl_eval.experiments.result import MANIFEST, is_ours
from psl_index.durable import write_durably
from psl_index.errors import BusyError, InputError, OutputError, UsageError
from psl_index.folder_lock import locked_folder

PARTS: Final = "parts"


class Parts:
    """Tables in a folder, each under a name and the terms that decide what is in it.

    Other terms, and of a table another version of pslidx, make another part; what is there is never overwritten.

    Attributes
    ----------
    found, made : int
        Parts that were there, and that were worked out.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.found = 0
        self.made = 0

    def table(self, name: str, terms: Mapping[str, Any], compute: Callable[[], pa.Table]) -> pa.Table:
        """The part of this name and these terms, which JSON can hold; worked out where it is not there.

        Raises
        ------
        InputError
            It is there, and damaged.
        OutputError
            It cannot be written.
        """
        return self.tables([(name, terms)], lambda _: [compute()])[0]

    def tables(
        self, named: Sequence[tuple[str, Mapping[str, Any]]], compute: Callable[[list[int]], Iterable[pa.Table]]
    ) -> list[pa.Table]:
        """Several parts, each as `table` gives it, of which `compute` gives those that are not there, by their numbers.

        Each is kept as soon as it is given.
        """
        paths = [
            self._folder / f"{name}-{digest_of({'pslidx': version('pslidx'), 'terms': terms})}.parquet"
            for name, terms in named
        ]
        missing = [number for number, path in enumerate(paths) if not path.exists()]
        self.found += len(paths) - len(missing)
        made: dict[int, pa.Table] = {}
        for number, table in zip(missing, compute(missing) if missing else (), strict=True):
            self._keep(paths[number], table)
            made[number] = table
            self.made += 1
        return [made[number] if number in made else _read(path) for number, path in enumerate(paths)]

    def folder(self, name: str, terms: Mapping[str, Any]) -> Path:
        """Where a part that is a folder is, whatever the version of pslidx; who asks for it makes it."""
        return self._folder / f"{name}-{digest_of(terms)}"

    def _keep(self, path: Path, table: pa.Table) -> None:
        sink = BytesIO()
        pq.write_table(table, sink, compression="zstd")
        try:
            self._folder.mkdir(exist_ok=True)
            write_durably(path, sink.getvalue(), alone=False)  # other experiments may be making the same part
        except OSError as error:
            raise OutputError(f"cannot be written: {error.strerror or error}", file=str(path)) from error


def digest_of(terms: Mapping[str, Any]) -> str:
    """Of terms as JSON holds them; 16 hexadecimal digits."""
    text = json.dumps(terms, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


@contextmanager
def parts_of(results: Path, experiment: str) -> Iterator[Parts]:
    """The parts of a folder of results, for an experiment that alone works in its own folder there.

    Experiments share parts: what one has worked out others find. Folders are made where they are not there, and
    removed again where nothing was put into them.

    Raises
    ------
    UsageError
        The folder holds something else.
    BusyError
        The same experiment is going on there.
    OutputError
        It cannot be made.
    """
    folder = results / experiment
    for path in (results, folder):
        if path.exists() and not path.is_dir():
            raise UsageError("is a file, not a folder", file=str(path), remedy="name another with -o")
    _check(results)
    shared = results / PARTS
    above, first = not results.exists(), not shared.exists()
    busy = BusyError("the same experiment is going on there", file=str(folder), remedy="wait for it, or name another")
    with ExitStack() as until_done:
        try:
            shared.mkdir(parents=True, exist_ok=True)  # first, for it tells others whose folder this is
            made = until_done.enter_context(locked_folder(folder, lambda: busy))
        except OSError as error:
            problem = f"cannot be made: {error.strerror or error}"
            raise OutputError(problem, file=str(folder), remedy="name another with -o") from error
        try:
            yield Parts(shared)
        finally:
            for path, ours in ((folder, made), (shared, first), (results, above)):
                if ours:
                    with suppress(OSError):  # something is in it
                        path.rmdir()


def _check(results: Path) -> None:
    """Refuse a folder that no experiment has begun to fill."""
    names = {path.name for path in results.iterdir()} if results.exists() else set()
    if not names or PARTS in names or any(is_ours(results / name / MANIFEST) for name in names):
        return
    problem = f"holds something else than results of experiments ({min(names)!r})"
    raise UsageError(problem, file=str(results), remedy="name another folder with -o")


def _read(path: Path) -> pa.Table:
    try:
        return pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        problem = f"damaged ({' '.join(str(error).split())})"
        raise InputError(problem, file=str(path), remedy="remove it; it is worked out again") from None
