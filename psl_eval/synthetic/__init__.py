"""Made-up proteomes like Swiss-Prot: proteins, their flat file, and what a perfect explanation finds.

For tests, benchmarks and the demo: the sorting signals are planted, so that the truth is known, and nothing
of UniProt's is copied.
"""

from psl_eval.synthetic.explanations import planted_explanations, random_explanations
from psl_eval.synthetic.fasta_file import write_fasta
from psl_eval.synthetic.flat_file import write_flat_file
from psl_eval.synthetic.model import Model
from psl_eval.synthetic.proteome import Block, proteome

__all__ = [
    "Block",
    "Model",
    "planted_explanations",
    "proteome",
    "random_explanations",
    "write_fasta",
    "write_flat_file",
]
