"""Where the real data is, for the tests that need it; and no test that fails because the machine is busy."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).resolve().parent.parent

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

MINUTES_WITHOUT_THE_JIT = {
    "test_a_line_of_10_mb",
    "test_a_line_of_a_megabyte_does_not_hang",
    "test_lines_and_entries_may_be_long",
    "test_a_file_larger_than_memory_takes_bounded_memory",
    "test_answers_do_not_depend_on_threads_or_batching",
    "test_many_peptides_come_in_parts",
    "test_parsed_or_an_error_with_its_line_never_anything_else",
}


#: The files of tests that take longest: they are begun first, so that no core waits for the last of them.
LONG = (
    "tests/cli/test_interruptions.py",
    "tests/browser/test_report.py",
    "tests/browser/test_proteins.py",
    "tests/test_without_the_jit.py",
    "tests/faults/test_killed.py",
    "tests/faults/test_damage.py",
    "tests/test_notebook_of_the_docs.py",
    "tests/properties/test_search_oracle.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first; and what coverage, mutation testing and the tests without the jit need.

    `PSLIDX_EXAMPLES` says how many examples of each property there are at most, the same ones in each run.
    """
    items.sort(key=lambda item: not item.path.as_posix().endswith(LONG))
    if os.environ.get("NUMBA_DISABLE_JIT") == "1":
        for item in items:
            if item.name.partition("[")[0] in MINUTES_WITHOUT_THE_JIT:
                item.add_marker(pytest.mark.skip(reason="takes minutes without the jit"))
    if "PSLIDX_EXAMPLES" in os.environ:
        few = {"max_examples": int(os.environ["PSLIDX_EXAMPLES"]), "derandomize": True, "database": None}
        for test in {getattr(item, "obj", None) for item in items}:
            if getattr(test, "is_hypothesis_test", False):
                test._hypothesis_internal_use_settings = settings(test._hypothesis_internal_use_settings, **few)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real Swiss-Prot entries, DeepLoc and the study's files; skips where it is absent."""
    folder = Path(os.environ.get("PSLIDX_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: set PSLIDX_DATA")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> Iterator[None]:
    """Have Ctrl-C act as usual: a run in the background of a script inherits it ignored, and so would its children."""
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
