"""Clusters of the entries of an index, and of the proteins to be scored, by MMseqs2."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv

from psl_eval.exclusion.clusters import sequence_identifier
from psl_index.errors import InputError, OutputError, UsageError
from psl_index.progress import Progress
from psl_index.schemas import ENTRIES
from psl_index.threads import threads_for

if TYPE_CHECKING:
    from psl_eval.queries.proteins import Proteins
    from psl_index.index import Index


KIND: Final = "pslidx clusters"


class Clustering(NamedTuple):
    """Who was clustered with whom, and how."""

    pairs: pa.Table  # representative and member, a row for each entry and protein: identifiers
    clusters: int
    parameters: tuple[str, ...]  # of ``mmseqs easy-cluster``
    mmseqs: str  # its version

    def manifest(self, index: Index, proteins: Proteins | None) -> dict[str, Any]:
        """What a file beside the clusters says of how they were made."""
        return {
            "format": KIND,
            "format_version": 1,
            "tools": {"pslidx": version("pslidx"), "mmseqs": self.mmseqs},
            "command": ["mmseqs", "easy-cluster", *self.parameters],
            "index": {
                "digest": index.manifest.digest,
                "release": index.manifest.release,
                "entries": index.n_entries,
            },
            "proteins": None if proteins is None else proteins.record._asdict() | {"records": len(proteins.names)},
            "clusters": self.clusters,
        }


def cluster_entries(
    index: Index,
    *,
    identity: float,
    coverage: float = 0.8,
    proteins: Proteins | None = None,
    threads: int = 0,
    progress: Callable[[Progress], None] | None = None,
) -> Clustering:
    """Cluster all entries, and with them `proteins`, by ``mmseqs easy-cluster`` [1]_.

    Two sequences can share a cluster where an alignment of one's residues and the other's has the given identity and
    covers that share of both (``--cov-mode 0``); clusters are a greedy set cover (``--cluster-mode 0``): each member is
    that similar to its representative, not to all others, and members of two clusters may be that similar, too.

    An entry goes by its accession, a protein by the name its FASTA file gives it, and one without a name by
    `psl_eval.exclusion.clusters.sequence_identifier`.

    MMseqs2 works in a temporary folder where `tempfile` puts it (``TMPDIR``), which takes some ten times the size of
    the sequences and is gone on return.

    Parameters
    ----------
    index : psl_index.Index
    identity : float
        Share of identical residues in an alignment, 0 to 1.
    coverage : float
        Share of the residues of both sequences that the alignment covers, 0 to 1.
    proteins : Proteins, optional
    threads : int
        0 for as many as the machine has.
    progress : callable, optional
        Gets a `Progress` at each step.

    Raises
    ------
    InputError
        Several proteins have the same name.
    UsageError
        MMseqs2 is not installed, or a share is not between 0 and 1.
    OutputError
        MMseqs2 failed, or the temporary folder is full.

    References
    ----------
    .. [1] Steinegger M, Soeding J. Nature Biotechnology 35, 1026 (2017).
    """
    for name, share in (("identity", identity), ("coverage", coverage)):
        if not 0 <= share <= 1:
            raise UsageError(f"expected an {name} from 0 to 1, found {share}")
    _refuse_shared_names(proteins)
    tell = progress or (lambda progress: None)
    installed = _version()
    shares = ("--min-seq-id", f"{identity:g}", "-c", f"{coverage:g}")
    parameters = (*shares, "--cov-mode", "0", "--cluster-mode", "0", "--dbtype", "1")
    with _temporary_folder() as folder:
        names = _write_fasta(folder / _SEQUENCES, index, proteins, tell)
        threads_given = ("--threads", str(threads_for(threads)))
        command = ("mmseqs", "easy-cluster", _SEQUENCES, _RESULT, "work", *parameters, *threads_given)
        _run(command, folder, tell)
        numbers = _read_result(folder / f"{_RESULT}_cluster.tsv", len(names))
    columns = [names.take(pa.array(column)) for column in numbers]
    pairs = pa.table(columns, ["representative", "member"])
    return Clustering(pairs, len(np.unique(numbers[0])), parameters, installed)


_SEQUENCES: Final = "sequences.fasta"
_RESULT: Final = "result"
# What MMseqs2 does for long, in its own words; each comes several times, for ever more distant relatives.
_STEPS: Final = {
    "linclust": "grouping sequences that are nearly the same",
    "prefilter": "finding candidates for similar sequences",
    "align": "aligning candidates",
    "clust": "choosing representatives",
}
_STEP: Final = re.compile(rf"({'|'.join(_STEPS)}) \S")
_LONGEST_REASON: Final = 300  # characters
_NO_ROOM: Final = "no space left"
_FULL: Final = 1 << 20  # bytes: MMseqs2 says nothing of a full disk
_MORE_ROOM: Final = "name a folder with more room in the variable TMPDIR"


def _refuse_shared_names(proteins: Proteins | None) -> None:
    """Two proteins of one name would join their clusters."""
    if proteins is None or not proteins.identified:
        return
    for name, times in Counter(proteins.names.to_pylist()).items():
        if times > 1:
            raise InputError(
                f"{name!r} is the name of {times} proteins", file=proteins.file, remedy="give each its own"
            )


def _version() -> str:
    if shutil.which("mmseqs") is None:
        raise UsageError(
            "`mmseqs` is not installed, which makes the clusters",
            remedy="install MMseqs2 (`apt install mmseqs2`, or `conda install -c conda-forge -c bioconda mmseqs2`), "
            "or take clusters that others have made, such as UniRef's",
        )
    said = subprocess.run(["mmseqs", "version"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if said.returncode:
        raise _failed(said.returncode, said.stderr, Path.cwd())
    return said.stdout.decode(errors="replace").strip()


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    try:
        created = tempfile.TemporaryDirectory(prefix="pslidx-cluster-")
    except OSError as error:
        raise _unwritten(error) from error
    with created as folder:
        yield Path(folder)


def _unwritten(error: OSError) -> OutputError:
    file = os.fsdecode(error.filename or tempfile.gettempdir())
    return OutputError(f"cannot be written: {error.strerror or error}", file=file, remedy=_MORE_ROOM)


def _write_fasta(
    path: Path, index: Index, proteins: Proteins | None, tell: Callable[[Progress], None]
) -> pa.LargeStringArray:
    """Write all sequences, each under its number from 0; returns their identifiers."""
    names: list[pa.Array] = []
    written = 0
    total = index.n_entries + (0 if proteins is None else len(proteins.names))
    try:
        with path.open("w") as file:
            for some, sequences in _named_sequences(index, proteins):
                numbered = enumerate(sequences.to_pylist(), start=written)
                file.write("".join(f">{number}\n{sequence}\n" for number, sequence in numbered))
                names.append(some.cast(pa.large_string()))
                written += len(some)
                tell(Progress("writing sequences for MMseqs2", written, total, "sequences"))
    except OSError as error:
        raise _unwritten(error) from error
    return pa.chunked_array(names, pa.large_string()).combine_chunks()


def _named_sequences(index: Index, proteins: Proteins | None) -> Iterator[tuple[pa.Array, pa.Array]]:
    """Identifiers and sequences, some at a time."""
    columns = pa.schema([ENTRIES.field("accession"), ENTRIES.field("sequence")])
    for shard in index.shards:
        for batch in shard.tables["entries"].batches(columns):
            yield batch.column("accession"), batch.column("sequence")
    if proteins is not None:
        names = proteins.names
        if not proteins.identified:
            names = pa.array([sequence_identifier(text) for text in proteins.sequences.to_pylist()], pa.string())
        yield names, proteins.sequences


def _run(command: Sequence[str], folder: Path, tell: Callable[[Progress], None]) -> None:
    """Run MMseqs2 in `folder`; whatever ends this ends it and all that it has started."""
    with (folder / "complaints").open("w+b") as complaints:
        started = subprocess.Popen(
            command,
            cwd=folder,  # it takes no path with blanks
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            process_group=0,  # of its own: it works through shell scripts
        )
        assert started.stdout is not None
        last_error = b""
        try:
            for line in started.stdout:
                if line.startswith(b"Error"):
                    last_error = line
                step = _STEP.match(line.decode(errors="replace"))
                if step is not None:
                    tell(Progress(f"MMseqs2: {_STEPS[step[1]]}", 0, None, "steps"))
            code = started.wait()
        finally:
            if started.poll() is None:
                os.killpg(started.pid, signal.SIGKILL)
                started.stdout.read()  # which ends when all of them have ended
            started.stdout.close()
            started.wait()
        complaints.seek(0)
        if code:
            raise _failed(code, complaints.read() or last_error, folder)


def _failed(code: int, complaints: bytes, folder: Path) -> OutputError:
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"failed with exit code {code}"
    reason = " ".join(complaints.decode(errors="replace").split())[-_LONGEST_REASON:]
    if _NO_ROOM in reason.lower() or shutil.disk_usage(folder).free < _FULL:
        return OutputError(f"no space left; MMseqs2 {how}", file=str(folder), remedy=_MORE_ROOM)
    return OutputError(f"no clusters: MMseqs2 {how}{': ' if reason else ''}{reason}")


def _read_result(path: Path, n: int) -> tuple[np.ndarray[Any, np.dtype[np.int64]], ...]:
    """Numbers of the representative and the member in each line; each of `n` sequences must be a member once."""
    names = ("representative", "member")
    try:
        table = pa.csv.read_csv(
            pa.memory_map(os.fsencode(path)),
            read_options=pa.csv.ReadOptions(column_names=names),
            parse_options=pa.csv.ParseOptions(delimiter="\t", quote_char=False),
            convert_options=pa.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.int64())),
        )
    except (pa.ArrowInvalid, FileNotFoundError) as error:
        raise OutputError(f"no clusters: MMseqs2 has not written what it should ({error})") from None
    representative, member = (column.to_numpy() for column in table.columns)
    if not np.array_equal(np.sort(member), np.arange(n)) or not np.isin(representative, member).all():
        raise OutputError(f"no clusters: of {n:,} sequences, MMseqs2 put {len(np.unique(member)):,} into one")
    return representative, member
