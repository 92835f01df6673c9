"""Files of the synthetic proteome: as Biopython and our own reader find them, as wide and large as real ones."""

from __future__ import annotations

import gzip
import io
import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from Bio import SwissProt
from Bio.SeqUtils.CheckSum import crc64
from click.testing import CliRunner

from psl_eval.synthetic import (
    proteome,
    write_fasta,
    write_flat_file,
)
from psl_eval.synthetic.__main__ import main
from psl_eval.synthetic.location_comments import location_comments
from psl_eval.synthetic.locations import RESIDENCES
from psl_eval.synthetic.names import accession
from psl_eval.synthetic.sequence_text import fasta_sequences, flat_file_sequences
from psl_eval.synthetic.signals import KINDS
from psl_index.errors import OutputError
from psl_index.opening import Source, open_source
from psl_index.sources import read_source


@pytest.fixture(scope="module")
def entries() -> list[SwissProt.Record]:
    """A small flat file as Biopython reads it."""
    text = io.BytesIO()
    write_flat_file(proteome(100_000, seed=3), text)
    return list(SwissProt.parse(io.StringIO(text.getvalue().decode("ascii"))))


def reference_lines(sequence: str, indent: int, group: int) -> str:
    """Lines of 60, plain Python."""
    rows = [sequence[at : at + 60] for at in range(0, len(sequence), 60)]
    return "".join(
        " " * indent + " ".join(row[at : at + group] for at in range(0, len(row), group)) + "\n" for row in rows
    )


def test_sequence_lines() -> None:
    lengths = [1, 9, 10, 11, 59, 60, 61, 119, 120, 121, 600]
    residues = np.random.default_rng(1).integers(65, 91, sum(lengths)).astype(np.uint8)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    sequences = [residues[a:b].tobytes().decode() for a, b in itertools.pairwise(offsets)]
    assert flat_file_sequences(residues, offsets) == [reference_lines(text, 5, 10) for text in sequences]
    assert fasta_sequences(residues, offsets) == [reference_lines(text, 0, 60) for text in sequences]


def test_biopython_reads_every_entry(entries: list[SwissProt.Record]) -> None:
    (block,) = proteome(100_000, seed=3)
    assert len(entries) == len(block)
    for protein, entry in enumerate(entries):
        assert entry.sequence == block.sequence(protein)
        assert entry.accessions[0] == accession(protein)
        assert entry.sequence_length == len(entry.sequence)
        assert crc64(entry.sequence) == f"CRC-{entry.seqinfo[2]}"
        assert entry.data_class == "Reviewed"
        assert entry.references
        assert entry.organism_classification
    assert {len(entry.accessions) for entry in entries} == {1, 2}


def test_molecular_weights_are_those_of_biopython(entries: list[SwissProt.Record]) -> None:
    from Bio.SeqUtils import molecular_weight

    for entry in entries[:50]:
        assert entry.seqinfo[1] == pytest.approx(molecular_weight(entry.sequence, "protein"), abs=1.5)


def test_features_are_the_planted_signals(entries: list[SwissProt.Record]) -> None:
    (block,) = proteome(100_000, seed=3)
    for protein, signals in enumerate(block.signals_by_protein()):
        expected = {(KINDS[kind].feature, first + KINDS[kind].lead, last) for kind, first, last in signals}
        found = {
            (feature.type, int(feature.location.start) + 1, int(feature.location.end))
            for feature in entries[protein].features
            if feature.type in ("SIGNAL", "TRANSIT", "MOTIF", "TRANSMEM")
        }
        assert found == expected


def test_our_reader_finds_the_planted_classes() -> None:
    text = io.BytesIO()
    made = list(proteome(300_000, seed=6))
    write_flat_file(made, text)
    text.seek(0)
    classes: list[set[str]] = []
    for batch in read_source(Source("synthetic.dat", text)):
        of_batch: list[set[str]] = [set() for _ in range(batch.entries.num_rows)]
        for row in batch.locations.to_pylist():
            of_batch[row["entry"]].add(row["class"])
        classes += of_batch
    (block,) = made
    assert len(classes) == len(block)
    for found, residence, annotated in zip(classes, block.residence, block.annotated, strict=True):
        assert found == (set(RESIDENCES[residence].classes) if annotated else set())


def test_every_form_of_location_comment_is_used() -> None:
    comments = "".join(text for texts in location_comments(np.random.default_rng(0)) for text in texts)
    for form in ("[Isoform 2]:", "[Mature form, 2.1 kDa]:", "Note=", "ECO:0000305", "Single-pass", "side"):
        assert form in comments
    assert re.search(r"\{ECO[^}]*\n", comments), "no evidence wraps over lines"


def test_lines_are_no_wider_than_real_ones() -> None:
    text = io.BytesIO()
    write_flat_file(proteome(100_000, seed=3), text)
    lines = text.getvalue().decode("ascii").splitlines()
    assert max(len(line) for line in lines if not line.startswith(("DR", "DE", "GN", "FT"))) <= 80


def test_the_file_is_as_large_as_a_real_one() -> None:
    size = write_flat_file(proteome(1_000_000, seed=3), io.BytesIO())
    assert 13 < size / 1_000_000 < 17


def test_fasta_and_flat_file_hold_the_same(tmp_path: Path) -> None:
    rows = []
    for name, write in (("a.dat.gz", write_flat_file), ("a.fasta.gz", write_fasta)):
        write(proteome(50_000, seed=8), tmp_path / name)
        with open_source(tmp_path / name) as source:
            rows.append(
                [
                    tuple(row[column] for column in ("accession", "entry_name", "organism", "taxon_id", "crc64"))
                    for batch in read_source(source)
                    for row in batch.entries.to_pylist()
                ]
            )
    assert rows[0] == rows[1]


def test_a_file_that_cannot_be_written_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write_fasta(proteome(100, seed=1), tmp_path / "missing" / "a.fasta")


def test_the_command_writes_either_kind(tmp_path: Path) -> None:
    for name, options, start in (("a.dat.gz", [], b"ID   "), ("a.fasta", ["--fasta"], b">sp|")):
        path = tmp_path / name
        done = CliRunner().invoke(main, ["--residues", "2000", "--seed", "2", "-o", str(path), *options])
        assert (done.exit_code, done.output) == (0, "")
        content = path.read_bytes()
        assert (gzip.decompress(content) if name.endswith(".gz") else content).startswith(start)


def test_the_command_says_why_it_cannot_write(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["-o", str(tmp_path / "missing" / "a.dat")])
    assert done.exit_code == 1
    assert "cannot be written" in done.output
