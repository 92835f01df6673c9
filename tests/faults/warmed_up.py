"""Imported by the process that children are forked from: everything they need is imported and compiled once."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pslidx import hitrate_command, index_commands, search_commands  # noqa: F401

from psl_eval import hit_rate, write_hit_rates
from psl_index import catalog, verify  # noqa: F401
from tests.faults import system_calls  # noqa: F401
from tests.proteomes import build_index

with tempfile.TemporaryDirectory() as _folder:
    _index = build_index(Path(_folder), ["MAAAGRSAW"], ["Nucleus"])
    _index.count_entries(["AAA"])
    _index.locate(["AAA"])
    _rows = Path(_folder, "rows.tsv")
    _rows.write_text("query\tstart\tend\tsubsequence\tpredicted\nP0\t1\t3\tMAA\tNucleus\n")
    write_hit_rates(hit_rate(_index, _rows), Path(_folder, "rates"))
    verify(_index.path)
