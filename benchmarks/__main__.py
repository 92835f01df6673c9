"""Run the benchmarks and print one table: `python -m benchmarks [SECTION ...]`.

Sections: real (indexes and scores the real data), exactness (against `find`), parse; at 200 million synthetic residues
end-to-end (flat file to index), build (text to index) and search; start (whole processes).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import psl_index
from benchmarks import build, end_to_end, exactness, parse, real, search
from benchmarks.report import Finding, machine, print_findings
from psl_eval.synthetic import proteome, write_fasta, write_flat_file
from psl_index import Index
from psl_index.opening import open_source

SECTIONS = ("real", "exactness", "parse", "end-to-end", "build", "search", "start")
DATA = Path(os.environ.get("PSLIDX_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def main() -> int:
    """Exit code 1 where a bound was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"any of {', '.join(SECTIONS)}; all by default")
    parser.add_argument("--residues", type=float, default=200e6, help="of the synthetic proteome")
    parser.add_argument("--folder", type=Path, default=Path("build/bench"), help="for inputs and indexes; kept")
    arguments = parser.parse_args()
    unknown = set(arguments.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    print(machine())
    chosen = arguments.sections or SECTIONS
    return 0 if print_findings(_findings(chosen, arguments.folder, int(arguments.residues))) else 1


def _findings(sections: Sequence[str], folder: Path, residues: int) -> Iterator[Finding]:
    if {"real", "exactness", "parse"} & set(sections) and not DATA.is_dir():
        sys.exit(f"no real data at {DATA}: set PSLIDX_DATA, or ask for the sections end-to-end, build and search")
    if {"real", "exactness"} & set(sections):
        yield from real.build_findings(DATA, folder)
    if "real" in sections:
        yield from real.score_findings(DATA, Index.open(folder / "deeploc2"))
    if "exactness" in sections:
        for name in ("real_sprot", "deeploc2"):
            yield from exactness.findings(name, Index.open(folder / name), 100_000, seed=1)
    if "parse" in sections:
        yield from parse.findings(_plain(DATA / "sprot" / "real_sprot.dat.gz", folder), 60)
    if {"end-to-end", "build", "search", "start"} & set(sections):
        yield from _scale_findings(sections, folder, residues)


def _scale_findings(sections: Sequence[str], folder: Path, residues: int) -> Iterator[Finding]:
    flat_file, fasta = folder / f"synthetic-{residues}.dat", folder / f"synthetic-{residues}.fasta"
    if not flat_file.exists():
        print(f"making {flat_file} and {fasta.name} ...", file=sys.stderr)
        write_flat_file(proteome(residues, seed=1), flat_file)
        write_fasta(proteome(residues, seed=1), fasta)
    built = folder / "synthetic"
    if "end-to-end" in sections:
        yield from end_to_end.findings(flat_file, built)
    elif not built.exists():
        print(f"building {built} ...", file=sys.stderr)
        psl_index.build([flat_file], built)
    with Index.open(built) as index:
        if "build" in sections:
            threads = os.cpu_count() or 1
            yield from build.findings(index.shards[0], index.manifest.shards[0], folder / "sections", threads)
        if "search" in sections:
            yield from search.findings(index, fasta, folder)
    if "start" in sections:
        yield from end_to_end.start_findings(built)


def _plain(source: Path, folder: Path) -> Path:
    """The source without compression, so that both parsers read the same plain file."""
    plain = folder / source.name.removesuffix(".gz")
    with open_source(source) as opened:
        plain.write_bytes(opened.read())
    return plain


if __name__ == "__main__":
    sys.exit(main())
