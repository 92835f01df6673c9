"""What a pattern does to the answer of a model, wherever it stands (Koo et al. 2021)."""
