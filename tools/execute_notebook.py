"""Run the notebook of the docs anew, and keep what its cells show: ``make notebook``.

It runs in a folder of its own, with the commands of this environment first on the path.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).resolve().parents[1] / "docs" / "from-fasta-to-hit-rate.ipynb"


def executed(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The same cells with what they show now; a cell that fails ends it."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        client = NotebookClient(notebook, timeout=600, resources=resources, record_timing=False, coalesce_streams=True)
        run: nbformat.NotebookNode = client.execute(env={**os.environ, "PATH": path})
    return run


if __name__ == "__main__":
    nbformat.write(executed(nbformat.read(NOTEBOOK, as_version=4)), NOTEBOOK)
