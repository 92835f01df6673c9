"""Ctrl-C and SIGTERM: at once, or after cleaning up."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest
from pslidx.signals import Interrupted, raised

BOTH = (signal.SIGINT, signal.SIGTERM)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_process_at_once(number: signal.Signals, code: int) -> None:
    script = (
        "import signal\n"
        "from pslidx.signals import end_at_once\n"
        "end_at_once()\n"
        "try:\n"
        f"    signal.raise_signal({number:d})\n"
        "finally:\n"
        "    print('still here')\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    said = {130: "pslidx: interrupted\n", 143: "pslidx: terminated\n"}
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", said[code])


@pytest.mark.parametrize("number", BOTH)
def test_a_signal_is_raised_where_something_is_to_be_cleaned_up(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(Interrupted) as caught, raised():
        signal.raise_signal(number)
    assert caught.value.number == number
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("disguise", [RuntimeError("Query interrupted"), ImportError("half a module")])
def test_it_leaves_as_what_it_is_whatever_a_library_makes_of_it(disguise: Exception) -> None:
    def query() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        except BaseException:
            raise disguise from None

    with pytest.raises(Interrupted), raised():
        query()


def test_it_comes_again_where_it_was_swallowed(capsys: pytest.CaptureFixture[str]) -> None:
    class Stubborn:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    def work() -> None:
        Stubborn()
        time.sleep(10)

    began = time.perf_counter()
    with pytest.raises(Interrupted), raised():
        work()
    assert time.perf_counter() - began < 5
    assert capsys.readouterr().err == ""


def test_other_errors_pass() -> None:
    with pytest.raises(ValueError, match="mine"), raised():
        raise ValueError("mine")


@pytest.mark.parametrize("number", BOTH)
def test_an_ignored_signal_stays_ignored(number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with raised():
            signal.raise_signal(number)
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)
