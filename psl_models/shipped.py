"""The models that come with the package, by name."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from psl_models.checkpoints import CONFIGURATION

_FOLDER: Final = Path(__file__).with_name("weights")
#: The one that is taken where none is named.
DEFAULT: Final = "bilstm-attention"


def shipped_models() -> list[str]:
    """Names, in alphabetical order."""
    return sorted(path.parent.name for path in _FOLDER.glob(f"*/{CONFIGURATION}"))


def shipped_folder(name: str) -> Path:
    """The folder of a model that comes with the package."""
    return _FOLDER / name


def model_folder(name: str | None) -> Path:
    """The folder of a model that a user names: one of theirs or, where there is none, of that name, a shipped one.

    Without a name, whatever lies in the working directory, the default.
    """
    if name is None:
        return shipped_folder(DEFAULT)
    folder = Path(name)
    return shipped_folder(str(folder)) if not folder.exists() and str(folder) in shipped_models() else folder
