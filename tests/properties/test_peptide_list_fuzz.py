"""Peptide lists of any bytes: read as a plain reader reads them, or an input error with its line (F12)."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pslidx import peptide_list
from pslidx.peptide_list import read_peptides

from psl_index.errors import InputError
from tests.properties.test_fasta_table_fuzz import reference_fasta
from tests.time_limit import SECONDS, within

EXAMPLES = 25_000 if os.environ.get("PSLIDX_SOAK") else 2_500  # of each size of blocks

PIECES = [
    *(b"SKL", b"skl", b"MXUBZOJ", b"K" * 100, b"*", b"-", b".", b"7", b",", b"\t", b" ", b">", b">p1 name\n", b"\n>\n"),
    *(b"\n", b"\n", b"\n", b"\r\n", b"\r", b"\0", b"\xef\xbb\xbf", b"\xe9", "\xe9".encode(), "\xa0".encode(), b"\x0b"),
]


@pytest.mark.parametrize("block_bytes", [64, 1 << 20])
@settings(max_examples=EXAMPLES)
@given(content=st.lists(st.sampled_from(PIECES) | st.binary(max_size=3), max_size=20).map(b"".join))
def test_read_as_by_a_plain_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes, block_bytes: int) -> None:
    assume(not content.startswith(b"\x1f\x8b"))  # gzip
    bare = content.removeprefix(b"\xef\xbb\xbf")
    assume(len(bare) - len(bare.lstrip()) < block_bytes)  # whether it is FASTA shows within a block
    file = tmp_path_factory.getbasetemp() / "peptides"
    file.write_bytes(content)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(peptide_list, "_BLOCK_BYTES", block_bytes)
        found = within(SECONDS, lambda: peptides_or_line(file))
    assert found == reference(content)


def peptides_or_line(file: Path) -> list[str] | int:
    """The peptides, or the line of the error, 0 where it is about the whole file."""
    try:
        return list(read_peptides(str(file)))
    except InputError as error:
        refused = error
    assert refused.file == str(file)
    return refused.line or 0


def reference(content: bytes) -> list[str] | int:
    """The same, a line at a time."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    if content.lstrip().startswith(b">"):
        records = reference_fasta(content)
        return records if isinstance(records, int) else [sequence for _, sequence in records]
    peptides = []
    for number, line in enumerate(content.decode(errors="replace").split("\n"), start=1):
        match = re.fullmatch(r"\s*([A-Za-z]+)\*?\s*", line)
        if match:
            peptides.append(match[1].upper())
        elif line.strip():
            return number
    return peptides or 0
