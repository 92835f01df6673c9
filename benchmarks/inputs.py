"""What is measured on: synthetic proteomes of any size, their files and index, made when first asked for and kept."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import xxhash

import psl_index
from psl_eval.synthetic import proteome, write_fasta, write_flat_file
from psl_index import BuildSummary, Index
from psl_index.opening import open_source

DATA = Path(os.environ.get("PSLIDX_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
REAL = {
    "real_sprot": DATA / "sprot" / "real_sprot.dat.gz",
    "deeploc2": DATA / "deeploc" / "deeploc2_train_validation.csv.gz",
}
SEED = 1

_SAMPLE = 100_000  # residues of the proteome that tells one generator from another


@dataclass(frozen=True)
class Proteome:
    """A synthetic proteome of at least so many residues; another generator's is another one."""

    residues: int
    bench: Path  # the folder of all inputs

    @cached_property
    def folder(self) -> Path:
        """Where its files are."""
        folder = self.bench / f"synthetic-{_generator()}" / str(self.residues)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def flat_file(self) -> Path:
        """As a UniProtKB flat file."""
        return self._made("proteome.dat", lambda file: write_flat_file(proteome(self.residues, SEED), file))

    @property
    def fasta(self) -> Path:
        """As FASTA."""
        return self._made("proteome.fasta", lambda file: write_fasta(proteome(self.residues, SEED), file))

    @cached_property
    def index(self) -> Path:
        """Its index, built anew by each process, since the code that builds may have changed."""
        flat_file = self.flat_file
        print(f"building the index of {flat_file} ...", file=sys.stderr)
        psl_index.build([flat_file], self.folder / "index")
        return self.folder / "index"

    def remove(self) -> None:
        """Delete all its files."""
        shutil.rmtree(self.folder)

    def _made(self, name: str, write: Callable[[Path], object]) -> Path:
        path = self.folder / name
        if not path.exists():
            print(f"making {path} ...", file=sys.stderr)
            unfinished = path.with_name(f"unfinished-{name}")
            write(unfinished)
            unfinished.replace(path)
        return path


def real_flat_file(bench: Path) -> Path:
    """The real Swiss-Prot entries without compression, so that all parsers read the same plain file."""
    path = bench / "real_sprot.dat"
    with open_source(REAL["real_sprot"]) as opened:
        path.write_bytes(opened.read())
    return path


@cache
def real_index(name: str, bench: Path) -> Index:
    """The index of ``real_sprot`` or ``deeploc2``, built anew."""
    build_index(name, bench)
    return Index.open(bench / name)


def build_index(name: str, bench: Path) -> BuildSummary:
    """Build the index of ``real_sprot`` or ``deeploc2``."""
    return psl_index.build([REAL[name]], bench / name)


@cache
def _generator() -> str:
    """Short digest of what the generator makes."""
    made = io.BytesIO()
    write_flat_file(proteome(_SAMPLE, SEED), made)
    return xxhash.xxh3_64_hexdigest(made.getvalue())[:8]
