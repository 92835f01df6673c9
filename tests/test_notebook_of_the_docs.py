"""The notebook of the docs runs, and shows what it shows."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest

from tests.conftest import REPOSITORY


def script() -> ModuleType:
    """What `make notebook` runs."""
    spec = importlib.util.spec_from_file_location("execute_notebook", REPOSITORY / "tools" / "execute_notebook.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shown(notebook: Any) -> list[str]:
    """Texts of its cells, but for what the machine or the day decides."""
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    texts = [output.get("text") or output.get("data", {}).get("text/html", "") for output in outputs]
    return [text for text in texts if text and not text.startswith("pslidx: ")]


@pytest.mark.filterwarnings("ignore")  # of the kernel's own making
def test_it_shows_what_it_says() -> None:
    stored = nbformat.read(REPOSITORY / "docs" / "from-fasta-to-hit-rate.ipynb", as_version=4)
    before = shown(stored)
    assert len(before) >= 6
    assert shown(script().executed(stored)) == before


def test_it_names_no_place_of_a_machine() -> None:
    text = Path(REPOSITORY / "docs" / "from-fasta-to-hit-rate.ipynb").read_text()
    assert "/tmp/" not in text
    assert "/home/" not in text
