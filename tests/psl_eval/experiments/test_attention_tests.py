"""The experiment as a whole: what it writes, that it goes on, and what it refuses before anything is run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from psl_eval.experiments.attention_tests.adversarial import ADVERSARIAL, Adversarial
from psl_eval.experiments.attention_tests.adversarial_search import AdversarialSearch
from psl_eval.experiments.attention_tests.altered import ALTERED, Altered
from psl_eval.experiments.attention_tests.attention_test import AttentionTest
from psl_eval.experiments.attention_tests.correlation import CORRELATION, Correlation
from psl_eval.experiments.attention_tests.erasure import ERASURE, ORDERS, Erasure
from psl_eval.experiments.attention_tests.experiment import AttentionTests
from psl_eval.experiments.attention_tests.seeds import Seeds
from psl_eval.experiments.models import NamedModel
from psl_eval.experiments.parts import Parts, parts_of
from psl_eval.experiments.result import Result
from psl_index.errors import UsageError
from tests.psl_eval.experiments.small_experiments import named, nothing
from tests.psl_eval.experiments.small_readouts import ASKED
from tests.psl_models.small_models import small_model

if TYPE_CHECKING:
    from psl_eval.experiments.attention_tests.protein_rows import Setting, Tested

TESTS: dict[str, AttentionTest] = {
    "altered": Altered(permutations=3),
    "adversarial": Adversarial(AdversarialSearch(steps=10)),
    "correlation": Correlation(left_out=4),
    "erasure": Erasure(),
}


def run(models: list[NamedModel], folder: Path, tests: Mapping[str, AttentionTest]) -> tuple[Result, Parts]:
    with parts_of(folder, "attention-tests") as parts:
        return AttentionTests(tests, seed=4, resamples=50).run(models, ASKED, parts, nothing), parts


def test_all_tests_together_go_on_from_what_is_done(tmp_path: Path) -> None:
    first, parts = run([named()], tmp_path, TESTS)
    assert parts.made
    assert {name: table.schema for name, table in first.tables.items()} == {
        "altered": ALTERED,
        "adversarial": ADVERSARIAL,
        "correlation": CORRELATION,
        "erasure": ERASURE,
        "erasure-orders": ORDERS,
    }
    second, parts = run([named()], tmp_path, TESTS)
    assert parts.made == 0
    assert second.tables == first.tables
    assert second.findings == first.findings


def test_findings_are_sentences_without_a_full_stop_and_settings_are_json(tmp_path: Path) -> None:
    retrained = NamedModel("flat", small_model("bilstm", "uniform"))
    tests = TESTS | {"altered": Altered(3, (retrained,)), "seeds": Seeds(AdversarialSearch(steps=10))}
    result, _ = run([named(), NamedModel("copy", named().model)], tmp_path, tests)
    assert len(result.findings) > 20
    assert not any(sentence.endswith(".") or "\n" in sentence for sentence in result.findings)
    settings = json.loads(json.dumps(result.settings))
    assert settings["tests"]["altered"]["permutations"] == 3
    assert list(settings["tests"]["altered"]["retrained"]) == ["flat"]
    assert settings["tests"]["adversarial"]["search"]["epsilon"] == 0.05
    assert settings["tests"]["seeds"]["search"]["candidates"] == 5


@dataclass(frozen=True)
class Never(AttentionTest):
    """A test that must not be run."""

    def settings(self) -> dict[str, Any]:
        raise AssertionError

    def run(self, setting: Setting) -> Tested:
        raise AssertionError


@pytest.mark.parametrize("pooling", ["last", "uniform", "guided"])
def test_a_model_without_attention_is_refused_before_anything_is_run(tmp_path: Path, pooling: str) -> None:
    without = NamedModel("without", small_model("bilstm", pooling))
    with pytest.raises(UsageError, match="without has no attention"):
        run([named(), without], tmp_path, {"never": Never()})


def test_what_a_later_test_cannot_do_is_refused_before_the_first(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="one only"):
        run([named()], tmp_path, {"never": Never(), "seeds": Seeds()})
    flat = NamedModel("flat", small_model("mlp", "uniform"))
    with pytest.raises(UsageError, match="flat has another network"):
        run([named()], tmp_path, {"never": Never(), "altered": Altered(retrained=(flat,))})


def test_models_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="one name"):
        run([named(), named()], tmp_path, {"never": Never()})
