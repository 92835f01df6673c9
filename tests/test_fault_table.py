"""The table of faults in `docs/testing.md` says how many cases the tests have."""

from __future__ import annotations

import os
import re
from typing import Final

import pytest

from tests.conftest import REPOSITORY
from tests.faults import (
    test_bombs,
    test_builders,
    test_damage,
    test_killed,
    test_malformed_index,
    test_online_services,
    test_rebuilds,
)
from tests.properties import (
    test_compressed_fuzz,
    test_fasta_table_fuzz,
    test_flatfile_fuzz,
    test_location_grammar,
    test_opening_fuzz,
    test_peptide_list_fuzz,
    test_search_oracle,
)

SOAK: Final = bool(os.environ.get("PSLIDX_SOAK"))
CASES: Final = {
    "faults/test_killed.py": test_killed.KILLS,
    "faults/test_damage.py": test_damage.FLIPS,
    "faults/test_malformed_index.py": len(test_malformed_index.CASES),
    "faults/test_rebuilds.py": test_rebuilds.REBUILDS,
    "faults/test_builders.py": test_builders.ROUNDS,
    "faults/test_bombs.py": len(test_bombs.BOMBS),
    "faults/test_online_services.py": len(test_online_services.CASES),
    "properties/test_flatfile_fuzz.py": test_flatfile_fuzz.ENTRIES,
    "properties/test_location_grammar.py": test_location_grammar.EXAMPLES * test_location_grammar.COMMENTS,
    "properties/test_fasta_table_fuzz.py": test_fasta_table_fuzz.EXAMPLES,
    "properties/test_opening_fuzz.py": test_opening_fuzz.EXAMPLES,
    "properties/test_compressed_fuzz.py": test_compressed_fuzz.EXAMPLES,
    "properties/test_peptide_list_fuzz.py": test_peptide_list_fuzz.EXAMPLES,
    "properties/test_search_oracle.py": test_search_oracle.PROTEOMES,
}
ROWS: Final = [
    [cell.strip() for cell in line.strip("|\n").split("|")]
    for line in (REPOSITORY / "docs" / "testing.md").read_text().splitlines()
    if re.match(r"\| (F\d+)? *\| ", line)
]


@pytest.mark.parametrize("test", CASES)
def test_the_first_row_of_a_test_has_its_number(test: str) -> None:
    _, _, _, in_ci, in_soak = next(row for row in ROWS if f"`{test}`" in row[2])
    told = in_soak if SOAK and in_soak not in ("the same", "10 GB") else in_ci
    assert re.match("[0-9,]+", told)[0] == f"{CASES[test]:,}"  # type: ignore[index]


def test_every_row_names_tests_that_are_there_and_numbers() -> None:
    assert len(ROWS) > 20
    for _, what, tests, in_ci, in_soak in ROWS:
        assert what
        assert in_ci
        assert in_soak
        for test in re.findall("`(.+?)`", tests):
            assert (REPOSITORY / "tests" / test).is_file(), test


def test_each_test_that_can_soak_is_in_the_soak_target() -> None:
    recipe = re.search(r"PSLIDX_SOAK=1 .* pytest ((?:.*\\\n)*.*)", (REPOSITORY / "Makefile").read_text())
    assert recipe is not None
    named = recipe[1].replace("\\", "").split()
    for path in sorted((REPOSITORY / "tests").rglob("test_*.py")):
        if re.search(r'environ(\.get\(|\[)"PSLIDX_SOAK"', path.read_text()) and path.name != "test_fault_table.py":
            name = str(path.relative_to(REPOSITORY))
            assert any(name == part or name.startswith(f"{part}/") for part in named), name
