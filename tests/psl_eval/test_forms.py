"""Forms side by side give what each gives by itself, in order, and one that fails ends all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from psl_eval import forms
from psl_eval.choices import Choices
from psl_eval.forms import Form, Judged, judged, some_tables
from psl_eval.run import Run
from psl_eval.scoring.shared_look_ups import SharedLookUps, StoppedError
from psl_index import Index

SHARED = "KKRKWPLAAV"
RNG = np.random.default_rng(3)
SEQUENCES = ["".join(RNG.choice(list("AKRL"), 50)) + SHARED for _ in range(6)]
PLACES = ["Nucleus", "Cytoplasm", "Peroxisome"] * 2


@pytest.fixture(scope="module")
def index(build_index: Callable[..., Index]) -> Index:
    return build_index([(f"P{n}", *both) for n, both in enumerate(zip(SEQUENCES, ([p] for p in PLACES), strict=True))])


@pytest.fixture
def make(index: Index, tmp_path: Path) -> Callable[..., Run]:
    proteins = tmp_path / "proteins.fasta"
    proteins.write_text("".join(f">P{n}\n{sequence}\n" for n, sequence in enumerate(SEQUENCES)))
    rows = [(n, start) for n in range(len(SEQUENCES)) for start in (5, 20, 51)]
    subsequences = pa.table(
        {
            "query": [f"P{n}" for n, _ in rows],
            "start": [start for _, start in rows],
            "end": [start + 4 for _, start in rows],
            "subsequence": [SEQUENCES[n][start - 1 : start + 4] for n, start in rows],
            "predicted": [PLACES[n] for n, _ in rows],
            "true": [PLACES[(n + n // 3) % 6] for n, _ in rows],
        }
    )
    return lambda choices, **how: Run(index, subsequences, choices, proteins=str(proteins), **how)


def some_forms(*definitions: str, **chosen: Any) -> list[Form]:
    fixed: dict[str, Any] = {"nulls": ("window",), "draws": 20, "resamples": 20} | chosen
    return [
        Form(Choices(definition=definition, exclude=exclude, **fixed), exclude == "self")
        for definition in definitions
        for exclude in ("self", "identical")
    ]


@pytest.mark.parametrize("threads", [1, 2, 7])
@pytest.mark.parametrize("definitions", [("paper", "released", "unweighted"), ("released",), ("unweighted",)])
@pytest.mark.parametrize("nulls", [(), ("window",), ("label", "window", "other-class")])
def test_each_is_what_its_run_gives_alone(
    make: Callable[..., Run], definitions: tuple[str, ...], threads: int, nulls: tuple[str, ...]
) -> None:
    asked = some_forms(*definitions, nulls=nulls)
    together = list(judged(make, asked, threads))
    for (choices, none_too), found in zip(asked, together, strict=True):
        alone = some_tables(make(choices, none_too=none_too), Judged._fields)
        assert {*alone["summary"]["exclusion"].to_pylist()} == {choices.exclude, *(("none",) if none_too else ())}
        assert {*alone["summary"]["definition"].to_pylist()} == {choices.definition}
        assert found.summary.equals(alone["summary"])
        assert found.confidence.equals(alone["confidence"])


def test_forms_must_not_differ_in_anything_else(make: Callable[..., Run]) -> None:
    several = [*some_forms("paper"), *some_forms("unweighted", seed=2)]
    with pytest.raises(ValueError, match="more than definition and exclusion"):
        list(judged(make, several, 1))


def test_one_that_fails_ends_all(make: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    """The others end where they next look something up."""
    stopped = Event()
    original = SharedLookUps.stop

    def stop(shared: SharedLookUps) -> None:
        original(shared)
        stopped.set()

    def tables(run: Run, wanted: Sequence[str]) -> dict[str, pa.Table]:
        if run.manifest["exclusion"] == "identical":
            raise OSError("no more")
        assert stopped.wait(60)
        with pytest.raises(StoppedError):
            some_tables(run, wanted)
        ended.append(run)
        raise StoppedError

    ended: list[Run] = []
    monkeypatch.setattr(SharedLookUps, "stop", stop)
    monkeypatch.setattr(forms, "some_tables", tables)
    with pytest.raises(OSError, match="no more"):
        list(judged(make, some_forms("paper", "unweighted"), 4))
    assert len(ended) == 2


def test_where_a_thread_cannot_be_started_nobody_waits_for_it(
    make: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Thread] = []
    original = Thread.start

    def start(thread: Thread) -> None:
        if len(started) == 2:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        original(thread)

    monkeypatch.setattr(Thread, "start", start)
    with pytest.raises(RuntimeError, match="new thread"):
        list(judged(make, some_forms("paper", "unweighted"), 2))
    for thread in started:
        thread.join(60)
        assert not thread.is_alive()
