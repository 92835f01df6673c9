"""Tests of attention on the same models and proteins, as one experiment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from psl_eval.experiments.attention_tests.attention_test import AttentionTest
from psl_eval.experiments.attention_tests.protein_rows import Setting
from psl_eval.experiments.explained_proteins import digest_of_proteins
from psl_eval.experiments.models import NamedModel, digest_of_model
from psl_eval.experiments.parts import Parts
from psl_eval.experiments.result import Result
from psl_eval.explanations.asked import Asked
from psl_eval.statistics.resampling import RESAMPLES
from psl_index.errors import UsageError
from psl_index.progress import Progress


@dataclass(frozen=True)
class AttentionTests:
    """Choices of the experiment.

    Attributes
    ----------
    tests : mapping of str to AttentionTest
        By name, in the order in which they are run.
    seed : int
        Of all that is random.
    resamples : int
        Of intervals and paired tests.
    """

    tests: Mapping[str, AttentionTest]
    seed: int = 1
    resamples: int = RESAMPLES

    def run(
        self,
        models: Sequence[NamedModel],
        asked: Asked,
        parts: Parts,
        report: Callable[[Progress], None],
        *,
        index: str | None = None,
    ) -> Result:
        """Run the tests one after the other; `index` is the digest of the one that hit rates are scored with.

        Raises
        ------
        UsageError
            A model has no attention, or two have one name; as `check` of the tests. Before anything is run.
        InputError, OutputError
            As `psl_eval.experiments.parts.Parts.table`.
        """
        names = [model.name for model in models]
        if len(set(names)) < len(names):
            raise UsageError("two models have one name", remedy="give them names: NAME=MODEL")
        for test in self.tests.values():
            test.check(models)
        setting = Setting(models, asked, self.seed, parts, report, self.resamples)
        tested = [test.run(setting) for test in self.tests.values()]
        return Result(
            experiment="attention-tests",
            tables={name: table for each in tested for name, table in each.tables.items()},
            figures={name: figure for each in tested for name, figure in each.figures.items()},
            findings=tuple(sentence for each in tested for sentence in each.findings),
            settings={
                "tests": {name: test.settings() for name, test in self.tests.items()},
                "seed": self.seed,
                "resamples": self.resamples,
                "index": index,
                "models": {model.name: digest_of_model(model.model) for model in models},
                "proteins": {"number": len(asked.sequences), "digest": digest_of_proteins(asked)},
            },
        )
