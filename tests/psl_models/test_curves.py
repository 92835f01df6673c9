"""Learning curves are a picture of what was measured."""

from __future__ import annotations

import math
import struct
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from psl_index.errors import UsageError
from psl_models.training.curves import draw_curves

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


def _picture(lines: list[dict[str, float]]) -> np.ndarray:
    return np.asarray(matplotlib_image.imread(BytesIO(draw_curves(lines, 1))))


@pytest.mark.parametrize("epochs", [1, 2, 24, 100])
def test_a_picture_of_any_number_of_epochs(epochs: int) -> None:
    content = draw_curves(_lines(epochs), 1)
    assert content.startswith(b"\x89PNG")
    assert struct.unpack(">II", content[16:24]) == (1200, 480)


def test_every_curve_is_drawn() -> None:
    drawn = _picture(_lines(8))
    for column in ("train_loss", "validation_loss", "validation_accuracy", "validation_macro_f1"):
        changed = [line | ({column: line[column] * 0.9} if line["epoch"] == 3 else {}) for line in _lines(8)]
        assert not np.array_equal(drawn, _picture(changed)), column


def test_the_same_lines_give_the_same_bytes_and_another_epoch_that_is_kept_others() -> None:
    assert draw_curves(_lines(5), 2) == draw_curves(_lines(5), 2)
    assert draw_curves(_lines(5), 2) != draw_curves(_lines(5), 3)


def test_a_loss_that_is_no_number_leaves_a_gap() -> None:
    lines = _lines(5)
    lines[2]["train_loss"] = math.nan
    assert not np.array_equal(_picture(_lines(5)), _picture(lines))


def test_nothing_to_draw_is_an_error() -> None:
    with pytest.raises(UsageError, match="no epochs to draw"):
        draw_curves([], 1)


def test_drawing_needs_no_display_and_no_pyplot() -> None:
    program = (
        "import sys; from psl_models.training.curves import draw_curves\n"
        "assert 'matplotlib' not in sys.modules\n"
        f"draw_curves({_lines(2)!r}, 2)\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])
