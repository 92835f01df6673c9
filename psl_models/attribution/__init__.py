"""Which residues a model looked at: one method a module, one signature, one result.

`attribute` runs any of `METHODS` over proteins.
"""

from psl_models.attribution.attributing import Attribution, attribute
from psl_models.attribution.methods import METHODS

__all__ = ["METHODS", "Attribution", "attribute"]
