"""Learning curves are a picture of what was measured."""

from __future__ import annotations

import math
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from psl_index.errors import UsageError
from psl_models.training.curves import draw_curves, kept_epoch

matplotlib_image = pytest.importorskip("matplotlib.image")


def _lines(epochs: int, **changed: float) -> list[dict[str, float]]:
    return [
        {
            "epoch": epoch,
            "train_loss": 2 / epoch,
            "validation_loss": 1 + 1 / epoch,
            "validation_accuracy": 1 - 0.7 / epoch,
            "validation_macro_f1": 0.5 - 0.01 * (epoch - 2) ** 2 / epochs,
            "seconds": 9.0,
            "learning_rate": 1e-3,
        }
        | changed
        for epoch in range(1, epochs + 1)
    ]


def _picture(lines: list[dict[str, float]], path: Path) -> np.ndarray:
    draw_curves(lines, path)
    return np.asarray(matplotlib_image.imread(path))


@pytest.mark.parametrize("epochs", [1, 2, 24, 100])
def test_a_picture_of_any_number_of_epochs(epochs: int, tmp_path: Path) -> None:
    draw_curves(_lines(epochs), tmp_path / "curves.png")
    content = (tmp_path / "curves.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert struct.unpack(">II", content[16:24]) == (1200, 480)
    assert [path.name for path in tmp_path.iterdir()] == ["curves.png"]


def test_every_curve_is_drawn(tmp_path: Path) -> None:
    drawn = _picture(_lines(8), tmp_path / "all.png")
    for column in ("train_loss", "validation_loss", "validation_accuracy", "validation_macro_f1"):
        changed = [line | ({column: line[column] * 0.9} if line["epoch"] == 3 else {}) for line in _lines(8)]
        assert not np.array_equal(drawn, _picture(changed, tmp_path / f"{column}.png")), column


def test_the_same_lines_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.png", "other.png"):
        draw_curves(_lines(5), tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "other.png").read_bytes()


def test_a_loss_that_is_no_number_leaves_a_gap(tmp_path: Path) -> None:
    lines = _lines(5)
    lines[2]["train_loss"] = math.nan
    assert not np.array_equal(_picture(_lines(5), tmp_path / "whole.png"), _picture(lines, tmp_path / "gap.png"))


def test_the_first_of_the_best_epochs_is_kept() -> None:
    lines = _lines(6)
    assert kept_epoch(lines) == 2
    assert kept_epoch(lines[2:]) == 3
    assert kept_epoch(_lines(6, validation_macro_f1=0.4)) == 1


def test_nothing_to_draw_is_an_error_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no epochs to draw"):
        draw_curves([], tmp_path / "curves.png")
    assert not list(tmp_path.iterdir())


def test_drawing_needs_no_display_and_no_pyplot(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from psl_models.training.curves import draw_curves\n"
        "assert 'matplotlib' not in sys.modules\n"
        f"draw_curves({_lines(2)!r}, pathlib.Path({str(tmp_path / 'curves.png')!r}))\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])
