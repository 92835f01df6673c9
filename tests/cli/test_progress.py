"""Progress on a terminal and elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from pslidx.progress import shown


class Step(NamedTuple):
    step: str
    done: int
    total: int | None
    unit: str = "residues"


def ticking(seconds: float) -> Iterator[float]:
    now = 100.0
    while True:
        yield now
        now += seconds


def test_elsewhere_a_line_a_step_and_now_and_then_another(capsys: pytest.CaptureFixture[str]) -> None:
    clock = ticking(4.0)
    with shown(lambda: next(clock)) as report:
        report(Step("reading", 0, None))
        for done in range(1000, 12_000, 1000):
            report(Step("reading", done, 20_000))
        report(Step("ordering", 0, None))
    assert capsys.readouterr().err.splitlines() == [
        "pslidx: reading",
        "pslidx: reading: 8,000 of 20,000 residues",
        "pslidx: ordering",
    ]


def test_on_a_terminal_a_bar_that_is_wiped(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    clock = ticking(0.06)
    with shown(lambda: next(clock)) as report:
        report(Step("reading", 10, None, "bytes"))
        for done in range(5):
            report(Step("ordering", done, 4))
    drawn = capsys.readouterr().err.split("\r")[1:]
    assert drawn[0] == "reading  10 bytes\x1b[K"
    assert drawn[1] == f"ordering  [{'':30}]   0%\x1b[K"
    assert drawn[-2].startswith(f"ordering  [{'#' * 30}] 100%")
    assert drawn[-1] == "\x1b[K"


def test_a_failure_wipes_the_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

    def work() -> None:
        with shown() as report:
            report(Step("reading", 10, 20))
            raise ValueError

    with pytest.raises(ValueError):
        work()
    assert capsys.readouterr().err.endswith("\r\x1b[K")


def test_the_first_seconds_are_passed_over(capsys: pytest.CaptureFixture[str]) -> None:
    clock = ticking(1.0)
    with shown(lambda: next(clock), patience=3.0) as report:
        report(Step("short", 0, None))
        report(Step("short", 5, None))
        report(Step("long", 0, None))
    assert capsys.readouterr().err.splitlines() == ["pslidx: long"]


def test_a_step_that_comes_again_is_no_line_until_some_time_is_over(capsys: pytest.CaptureFixture[str]) -> None:
    clock = ticking(4.0)
    with shown(lambda: next(clock)) as report:
        for _ in range(5):
            report(Step("aligning", 0, None))
            report(Step("choosing", 0, None))
    # The next line is due 30 seconds after the last: the tenth is 32 seconds after the second.
    assert capsys.readouterr().err.splitlines() == ["pslidx: aligning", "pslidx: choosing", "pslidx: choosing"]
