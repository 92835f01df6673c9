"""Results for reports, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.report_results import write_results


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an index, predictions, explanations, subsequences, hit rates, a model and an experiment."""
    return write_results(tmp_path_factory.mktemp("report") / "results")
