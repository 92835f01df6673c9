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


def model_folder(name: str) -> Path:
    """The folder of a model that a user names: a folder of theirs or, where there is none, the shipped one."""
    return _FOLDER / name if not Path(name).exists() and name in shipped_models() else Path(name)
