"""The one place that says how kernels are compiled.

Kernels release the GIL and never start threads themselves: callers share work out over Python threads, so that no
threading layer has to be found, started or made safe. Compiled code is cached beside the module, or in the user's
cache folder; where neither can be written it is compiled anew in each process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile `function` with the project's options."""
    return _compile(function)


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a small helper of kernels, for LLVM to inline into its callers."""
    return _compile(function, forceinline=True)


def _compile(function: Callable[..., Any], **options: bool) -> Callable[..., Any]:
    options |= {"nogil": True, "error_model": "numpy"}
    try:
        return numba.njit(cache=True, **options)(function)  # type: ignore[no-any-return]
    except RuntimeError as error:
        if "no locator available" not in str(error):
            raise
        return numba.njit(**options)(function)  # type: ignore[no-any-return]
