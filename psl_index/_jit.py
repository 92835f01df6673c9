"""The one place that says how kernels are compiled.

Kernels release the GIL and never start threads themselves: callers share work out over Python threads, so that no
threading layer has to be found, started or made safe.

Compiled code is kept in `__pycache__` beside the module, or in the user's cache folder; where neither can be written it
is compiled anew in each process. Numba looks at a kernel's own file only to see whether its cache is stale; ours is
also stale when a helper in another module changed, so its folder carries a digest of all kernel sources it may use.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile `function` with the project's options."""
    return _compile(function)


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a small helper of kernels, for LLVM to inline into its callers; it must not make arrays.

    It borrows those of its caller: to count references to them, with atomic instructions that Numba does not get rid
    of where code branches, took up to four fifths of a kernel's time (https://github.com/numba/numba/issues/2350).
    """
    return _compile(function, forceinline=True, _nrt=False)


def _compile(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    options |= {"nogil": True, "error_model": "numpy"}
    folder = _cache_folder(Path(function.__code__.co_filename).parent, numba.config.CACHE_DIR)
    if folder is None:
        return numba.njit(**options)(function)  # type: ignore[no-any-return]
    users = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder)  # read when a function is decorated, not when it is compiled
    try:
        return numba.njit(cache=True, **options)(function)  # type: ignore[no-any-return]
    finally:
        numba.config.CACHE_DIR = users


@cache
def _cache_folder(package: Path, preferred: str) -> Path | None:
    """Folder for the compiled kernels of a package, None where none can be written."""
    name = f"kernels-{_sources_digest(package)}"
    candidates = [Path(preferred)] if preferred else [package / "__pycache__", *_user_caches()]
    for parent in candidates:
        folder = parent / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return None


def _sources_digest(package: Path) -> str:
    """Digest of the kernels of a package and of those of psl_index, which they may use."""
    digest = hashlib.sha256()
    for folder in sorted({package, Path(__file__).parent}):
        for source in sorted(folder.glob("_*.py")):
            digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _user_caches() -> list[Path]:
    """The user's cache folder, if there is one."""
    given = os.environ.get("XDG_CACHE_HOME")
    try:
        return [Path(given or Path.home() / ".cache", "pslidx")]
    except RuntimeError:  # no home
        return []
