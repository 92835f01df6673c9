"""What the online services are called: all that the help of a command needs to know of them."""

from __future__ import annotations

from typing import Final

#: How many peptides are sensible to ask each service about; UniProt's takes half a minute for one.
SAMPLES: Final = {"peptidematch": 100, "uniprot": 10}

NAMES: Final = tuple(SAMPLES)
