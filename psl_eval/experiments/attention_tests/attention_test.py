"""What every test of attention is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from psl_eval.experiments.attention_tests.protein_rows import Setting, Tested
from psl_eval.experiments.attention_tests.readouts import refuse_without_attention
from psl_eval.experiments.models import NamedModel


class AttentionTest(ABC):
    """One test: a frozen dataclass of its choices."""

    def check(self, models: Sequence[NamedModel]) -> None:
        """Refuse models that it cannot test, before anything is run.

        Raises
        ------
        UsageError
            One has no attention; of some tests more, as their `check` says.
        """
        for model in models:
            refuse_without_attention(model.model.configuration, model.name)

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Its choices as JSON holds them; those that are inputs by their digests."""

    @abstractmethod
    def run(self, setting: Setting) -> Tested:
        """Its tables, figures and findings for all models."""
