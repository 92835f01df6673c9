"""Swiss-Prot-like proteomes that are made up: proteins, their flat file, and what a perfect explanation finds.

For tests, benchmarks and the demo: the sorting signals are planted, so that the truth is known, and nothing of
UniProt's is copied.
"""

from psl_eval.synthetic.model import Model
from psl_eval.synthetic.proteome import Block, proteome

__all__ = ["Block", "Model", "proteome"]
