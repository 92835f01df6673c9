"""Hit rates of subsequences against an index, and what they rest on.

Names are imported when they are first asked for, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psl_eval.hit_rates import hit_rate
    from psl_eval.results.folder import write_hit_rates
    from psl_eval.results.schemas import HitRates

__all__ = ["HitRates", "hit_rate", "write_hit_rates"]

_HOMES = {"HitRates": "results.schemas", "hit_rate": "hit_rates", "write_hit_rates": "results.folder"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
