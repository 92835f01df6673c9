"""The table of benchmarks: what it holds findings to, and what it says with its exit code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks.budgets import BUDGETS, Budget, read_budgets
from benchmarks.power_law import fit
from benchmarks.report import Finding, judge, write_table

FLOOR = Budget("x", "a test", floor=4)
CEILING = Budget("s", "a test", ceiling=0.5)
AT_SWISS_PROT = Budget("x", "a test", floor=4, residues=208_000_000)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    """Run the command on a section `made` that finds something, held to a budget; returns the exit code."""

    def running(finding: Finding, budget: Budget, *options: str) -> int:
        def section(bench: object) -> Iterator[Finding]:
            yield finding

        monkeypatch.setitem(command.SECTIONS, "made", section)
        monkeypatch.setattr(command, "read_budgets", lambda: {"made.ratio": budget})
        monkeypatch.setattr(command, "RESULTS", tmp_path / "results")
        return command.main(["made", "--folder", str(tmp_path), *options])

    return running


@pytest.mark.parametrize(
    ("budget", "figure", "exit_code"),
    [(FLOOR, 4, 0), (FLOOR, 3.999, 1), (CEILING, 0.5, 0), (CEILING, 0.501, 1)],
)
def test_a_missed_budget_ends_with_1(
    run: Callable[..., int], budget: Budget, figure: float, exit_code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(Finding("a ratio", figure, budget.unit, key="made.ratio"), budget) == exit_code
    assert ("MISSED" in capsys.readouterr().out) == bool(exit_code)


def test_a_budget_is_judged_only_at_its_size(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Finding("a ratio", 1, "x", key="made.ratio", residues=1_000_000), AT_SWISS_PROT) == 0
    assert "(>= 4 at 208 M)" in capsys.readouterr().out
    assert run(Finding("a ratio", 1, "x", key="made.ratio", residues=208_000_000), AT_SWISS_PROT) == 1


def test_a_budget_that_no_finding_speaks_of_ends_with_1(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(Finding("something else", 1, "x"), FLOOR) == 1
    assert "budgets without a finding: made.ratio" in capsys.readouterr().out


@pytest.mark.parametrize("finding", [Finding("a ratio", 5, "x", key="made.ration"), Finding("it", 5, "s", key="a.b")])
def test_an_unknown_key_or_another_unit_is_an_error(finding: Finding) -> None:
    with pytest.raises(ValueError, match=finding.key):
        list(judge([finding], {"made.ratio": FLOOR, "a.b": FLOOR}))


@pytest.mark.parametrize(
    "fields",
    ['unit = "x"\nsource = "a"', 'unit = "x"\nsource = "a"\nfloor = 1\nceiling = 2', 'unit = "x"\nfloor = 1\nflor = 2'],
)
def test_a_budget_that_is_not_one_is_an_error_that_names_it(fields: str, tmp_path: Path) -> None:
    path = tmp_path / "budgets.toml"
    path.write_text(f"[made.ratio]\n{fields}\n")
    with pytest.raises(ValueError, match=r"budgets\.toml: \[made\.ratio\]"):
        read_budgets(path)


def test_every_budget_belongs_to_a_section() -> None:
    assert {key.split(".")[0] for key in read_budgets(BUDGETS)} <= set(command.SECTIONS)


def test_record_writes_the_same_table(run: Callable[..., int], tmp_path: Path) -> None:
    run(Finding("a ratio", 1_234.5, "x", "of many", "made.ratio"), FLOOR, "--record")
    (written,) = (tmp_path / "results").iterdir()
    assert "| a ratio | 1,234 | x | >= 4 ok | of many |" in written.read_text().splitlines()


def test_the_table_names_what_was_missed(tmp_path: Path) -> None:
    rows = list(judge([Finding("a ratio", 2, "x", key="made.ratio")], {"made.ratio": FLOOR}))
    write_table(rows, ["heading", "machine"], tmp_path / "table.md")
    assert (tmp_path / "table.md").read_text().splitlines()[-1] == "| a ratio | 2 | x | >= 4 MISSED |  |"


def test_a_power_law_is_found_again() -> None:
    sizes = [1e6, 2e7, 6e7, 5e8]
    law = fit(sizes, [3e-8 * size**0.9 for size in sizes])
    assert law.exponent == pytest.approx(0.9)
    assert law.at(4e9) == pytest.approx(3e-8 * 4e9**0.9)
    assert law.off == pytest.approx(0, abs=1e-9)


def test_a_power_law_says_how_far_off_it_is() -> None:
    law = fit([1, 10, 100], [1, 20, 100])  # 2 ** (1 / 3) at size 1, ten and a hundred times as much at the others
    assert law.exponent == pytest.approx(1)
    assert law.off == pytest.approx(2 ** (2 / 3) - 1)
