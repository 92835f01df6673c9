"""Kernels are Python too: what stands nearest to each is tested with the jit, as all is, and here without it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
LINES: Final = "tests/psl_index/test_flatfile.py"
SEARCH: Final = "tests/psl_index/test_search.py"
HIT_RATES: Final = "tests/psl_eval/test_hit_rate_kernels.py"
SYNTHETIC: Final = "tests/psl_eval/test_synthetic.py"
RESAMPLING: Final = "tests/psl_eval/test_resampling_kernels.py"

NEAREST: Final = {
    "psl_index/_block_kernels.py": [LINES],
    "psl_index/_byte_helpers.py": [LINES],
    "psl_index/_crc64_kernels.py": ["tests/psl_index/test_crc64.py"],
    "psl_index/_entry_kernels.py": [LINES],
    "psl_index/_fasta_kernels.py": ["tests/psl_index/test_fasta.py"],
    "psl_index/_intrinsics.py": [LINES, SEARCH],
    "psl_index/_line_kernels.py": [LINES, "tests/psl_index/test_flatfile_errors.py"],
    "psl_index/_location_kernels.py": ["tests/psl_index/test_locations.py"],
    "psl_index/_location_words.py": ["tests/psl_index/test_locations.py"],
    "psl_index/_lookup_kernels.py": [SEARCH],
    "psl_index/_order_kernels.py": ["tests/psl_index/test_order.py"],
    "psl_index/_scan_kernels.py": ["tests/psl_index/test_scanning.py"],
    "psl_index/_search_kernels.py": [SEARCH, "tests/psl_index/test_search_kernels.py"],
    "psl_index/_sort_kernels.py": ["tests/psl_index/test_sort_kernels.py"],
    "psl_index/_text_kernels.py": [LINES],
    "psl_index/_wide.py": [LINES, "tests/psl_index/test_fasta_records.py"],
    "psl_index/peptides.py": [SEARCH],
    "psl_index/text.py": [SEARCH],
    "psl_eval/nulls/_window_kernels.py": [f"{RESAMPLING}::test_means_of_windows"],
    "psl_eval/queries/_whole_entry_kernels.py": [
        "tests/psl_eval/test_hit_rates.py::test_the_outputs_name_a_numbered_protein_by_its_fasta_identifier"
    ],
    "psl_eval/scoring/_exclusion_kernels.py": ["tests/psl_eval/test_shared_look_ups.py"],
    "psl_eval/scoring/_hit_rate_kernels.py": [
        f"{HIT_RATES}::test_long_subsequences_are_compared_to_their_last_residue",
        f"{HIT_RATES}::test_common_and_rare_subsequences_are_counted_alike",
        f"{HIT_RATES}::test_entries_met_in_another_order_are_excluded_all_the_same",
    ],
    "psl_eval/scoring/_position_kernels.py": [f"{HIT_RATES}::test_common_and_rare_subsequences_are_counted_alike"],
    "psl_eval/scoring/_released_kernels.py": ["tests/psl_eval/test_definitions.py::TestReleased"],
    "psl_eval/statistics/_resampling_kernels.py": [RESAMPLING],
    "psl_eval/synthetic/_family_kernels.py": [
        f"{SYNTHETIC}::test_residues_that_are_fixed_stay_and_the_others_change_as_often_as_asked",
        f"{SYNTHETIC}::test_signals_are_found_again_after_insertions_and_deletions",
        f"{SYNTHETIC}::test_a_member_that_loses_its_signal_keeps_no_residue_of_it",
    ],
    "psl_eval/synthetic/_line_kernels.py": ["tests/psl_eval/test_synthetic_files.py::test_sequence_lines"],
}


def test_every_module_with_kernels_has_its_tests() -> None:
    compiled = re.compile(r"^@(kernel|inlined)$|\binlined\(_", re.MULTILINE)
    modules = (path for package in ("psl_index", "psl_eval") for path in (ROOT / package).rglob("*.py"))
    assert {str(path.relative_to(ROOT)) for path in modules if compiled.search(path.read_text())} == set(NEAREST)


def test_the_nearest_tests_pass_without_the_jit() -> None:
    tests = sorted({test for nearest in NEAREST.values() for test in nearest})
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
        cwd=ROOT,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1", "PSLIDX_EXAMPLES": "20", "PSLIDX_DATA": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-5000:]
    passed = re.search(r"(\d+) passed", ended.stdout)
    assert passed is not None
    assert int(passed[1]) > 400
