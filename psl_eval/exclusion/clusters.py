"""Clusters of similar proteins, read from a two-column file such as MMseqs2 or UniRef give."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from psl_eval.inputs.files import line_blocks
from psl_eval.queries.identities import accession_forms, known_by_accession
from psl_eval.queries.runs import places_in
from psl_index.errors import InputError
from psl_index.file_records import FileRecord, record_of
from psl_index.opening import open_source


@dataclass(frozen=True)
class Clusters:
    """Which identifiers belong together.

    Attributes
    ----------
    members : pyarrow.LargeStringArray
        All identifiers, those of cluster 0 first; ``sp|P12345|NAME`` and the isoform ``P12345-2`` are ``P12345``.
    offsets : int64 array of shape (clusters + 1,)
        Members of cluster ``i`` are ``members[offsets[i]:offsets[i + 1]]``.
    file : str
        Where they were read, as the user named it.
    record : FileRecord
        The same for the outputs.
    """

    members: pa.LargeStringArray
    offsets: npt.NDArray[np.int64]
    file: str
    record: FileRecord

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def find(self, identifiers: pa.StringArray) -> npt.NDArray[np.int64]:
        """Number of the cluster of each of n identifiers, -1 where it is in none or null; int64 of shape (n,).

        An identifier is tried as `psl_eval.queries.identities.accession_forms` says.
        """
        found = np.full(len(identifiers), -1)
        for form in accession_forms(identifiers.cast(pa.large_string())):
            asked = form.dictionary_encode()
            place = pc.index_in(self.members, value_set=asked.dictionary)
            member = np.flatnonzero(place.is_valid().to_numpy(zero_copy_only=False))
            cluster = np.full(len(asked.dictionary) + 1, -1)  # the last is for null
            cluster[place.drop_null().to_numpy()] = np.searchsorted(self.offsets, member, side="right") - 1
            here = cluster[asked.indices.fill_null(len(asked.dictionary)).to_numpy()]
            found = np.where(found < 0, here, found)
        return found

    def members_of(self, clusters: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], pa.LargeStringArray]:
        """Cluster of each member of the given ones, int64 of shape (found,), and the members."""
        owner, places = places_in(self.offsets, clusters)
        return clusters[owner], self.members.take(pa.array(places))


def sequence_identifier(sequence: str) -> str:
    """What `pslidx cluster` calls a protein that has no name: its sequence's digest, which no accession looks like."""
    return f"sequence:{hashlib.sha256(sequence.encode()).hexdigest()[:32]}"


def read_clusters(path: str | os.PathLike[str]) -> Clusters:
    """Read two columns of identifiers, each line saying that two belong together; plain or compressed.

    MMseqs2's ``_cluster.tsv`` (representative, member) is such a file, and a UniRef list (accession and
    ``UniRef50_P12345``, in either order). Clusters are the connected components. The first line tells whether a tab,
    a comma or blanks separate the columns. Blank lines are passed over; a header is no harm, its words are a cluster
    by themselves.

    Swiss-Prot's 570,000 lines take about a second. Memory is some 300 bytes a line: 75 GB for the 250 million of
    TrEMBL, of which only the lines of those clusters are needed that hold a protein to be scored.

    Raises
    ------
    InputError
        With the line: not two identifiers, or not UTF-8; or the file is empty, damaged, or cannot be read.
    """
    parts: list[pa.Table] = []
    separator = b""
    with open_source(path) as source:
        for first_line, lines in line_blocks(source):
            separator = separator or _separator(lines)
            parts.append(_parse(lines, separator, source.name, first_line))
        record = record_of(source)
    if not any(map(len, parts)):
        raise InputError("empty file; expected two identifiers a line", file=source.name)
    members, offsets = _components(pa.concat_tables(parts))
    return Clusters(members, offsets, source.name, record)


_COLUMNS: Final = ("left", "right")
_EXPECTED: Final = "expected two identifiers separated by a tab, a comma or blanks"


def _separator(lines: bytes) -> bytes:
    """What stands between the identifiers of the first line."""
    first = lines.lstrip().partition(b"\n")[0]
    return next((separator for separator in (b"\t", b",") if separator in first), b" ")


def _parse(lines: bytes, separator: bytes, file: str, first_line: int) -> pa.Table:
    """Columns left and right of whole lines, with one name for each protein."""
    if separator == b" ":
        lines = re.sub(rb" ?\n ?", b"\n", re.sub(rb"[ \t]+", b" ", lines)).lstrip(b" ")
    misfits: list[pa.csv.InvalidRow] = []

    def refuse(row: pa.csv.InvalidRow) -> str:
        misfits.append(row)
        return "error"

    try:
        table = pa.csv.read_csv(
            pa.BufferReader(lines),
            read_options=pa.csv.ReadOptions(use_threads=False, column_names=_COLUMNS, block_size=len(lines) + 1),
            parse_options=pa.csv.ParseOptions(
                delimiter=separator.decode(), quote_char=False, ignore_empty_lines=False, invalid_row_handler=refuse
            ),
            convert_options=pa.csv.ConvertOptions(column_types=dict.fromkeys(_COLUMNS, pa.large_string())),
        )
    except pa.ArrowInvalid as error:
        if misfits:
            place, found = misfits[0].number - 1, f"found {misfits[0].actual_columns}"
            raise InputError(f"{_EXPECTED}, {found}", file=file, line=first_line + place) from None
        raise _undecodable(lines, file, first_line, error) from None
    sides = [pc.ascii_trim_whitespace(table[side].combine_chunks()) for side in _COLUMNS]
    empty = [pc.equal(side, "") for side in sides]
    for row in np.flatnonzero(pc.xor(*empty)).tolist()[:1]:
        raise InputError(f"{_EXPECTED}, found 1", file=file, line=first_line + row)
    written = pc.invert(empty[0])  # the others are blank lines
    return pa.table([known_by_accession(side.filter(written)) for side in sides], _COLUMNS)


def _undecodable(lines: bytes, file: str, first_line: int, problem: pa.ArrowInvalid) -> InputError:
    try:
        lines.decode()
    except UnicodeDecodeError as error:
        line = first_line + lines.count(b"\n", 0, error.start)
        return InputError("not UTF-8", file=file, line=line, remedy="convert the file, as with iconv")
    return InputError(f"{_EXPECTED} ({problem})", file=file, line=first_line)


def _components(pairs: pa.Table) -> tuple[pa.LargeStringArray, npt.NDArray[np.int64]]:
    """Identifiers by the connected component of the graph that `pairs` are the edges of, and where each begins."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    both = pa.chunked_array([*pairs["left"].chunks, *pairs["right"].chunks])
    named = pc.dictionary_encode(both.combine_chunks())
    left, right = named.indices.to_numpy().reshape(2, -1)
    n = len(named.dictionary)
    graph = coo_array((np.ones(len(left), np.bool_), (left, right)), shape=(n, n))
    n_components, component = connected_components(graph, directed=False)
    order = np.argsort(component, kind="stable")
    offsets = np.searchsorted(component[order], np.arange(n_components + 1))
    return named.dictionary.take(pa.array(order)), offsets.astype(np.int64)
