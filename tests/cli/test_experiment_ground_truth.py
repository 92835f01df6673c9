"""The command `pslidx experiment ground-truth` from nothing to a folder, on a network that is hardly trained."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Call = Callable[..., Any]


def test_methods_and_resamples_are_those_that_are_named(pslidx: Call, tmp_path: Path) -> None:
    arguments = ("experiment", "ground-truth", "--residues", 100_000, "--epochs", 1, "--explained", 7, "--threads", 1)
    arguments += ("--method", "attention", "--method", "random", "--method", "attention", "-o", tmp_path / "out")
    told = {}
    for resamples in (20, 60):
        ended = pslidx(*arguments, "--resamples", resamples)
        assert ended.code == 0, ended.err
        told[resamples] = "too few for any difference to be significant: 7 proteins, 20 resamples" in ended.out
        written = tmp_path / "out" / "ground-truth"
        settings = json.loads((written / "manifest.json").read_text())["settings"]
        assert (settings["resamples"], settings["methods"]) == (resamples, ["attention", "random"])
        rows = json.loads((written / "ground-truth.json").read_text())
        names = dict.fromkeys(row["explanation"] for row in rows)
        assert list(names) == ["attention", "attention, weights randomised", "random", "position alone"]
    assert told == {20: True, 60: False}
