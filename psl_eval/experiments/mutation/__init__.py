"""How much of a prediction is lost when the residues that explanations pick out are mutated."""
