"""A program that stands in for `mmseqs`, to see what it is asked and to have it fail."""

from __future__ import annotations

import sys
from pathlib import Path

_PROGRAM = """#!{python}
import os, signal, subprocess, sys
from pathlib import Path
asked = Path({asked!r})
if sys.argv[1:] == ["version"]:
    print("14-test")
    sys.exit()
sequences = Path("sequences.fasta").read_text()
(asked / "arguments").write_text("\\n".join(sys.argv[1:]))
(asked / "sequences").write_text(sequences)
(asked / "folder").write_text(os.getcwd())
print("prefilter work/1 work/2", flush=True)
print("[=====] 100%")
lines = sequences.split()
first = {{}}
numbers = [(first.setdefault(residues[0], number[1:]), number[1:]) for number, residues in zip(lines[::2], lines[1::2])]
def write(numbers):
    Path("result_cluster.tsv").write_text("".join(f"{{a}}\\t{{b}}\\n" for a, b in numbers))
{then}
"""


def install(folder: Path, then: str = "write(numbers)") -> Path:
    """Write the program into `folder`, which goes on PATH; returns where it leaves what it was asked.

    It puts sequences with the same first residue into a cluster; `then` is Python code that does so, or fails.
    """
    asked = folder / "asked"
    asked.mkdir(parents=True)
    program = folder / "mmseqs"
    program.write_text(_PROGRAM.format(python=sys.executable, asked=str(asked), then=then))
    program.chmod(0o755)
    return asked
