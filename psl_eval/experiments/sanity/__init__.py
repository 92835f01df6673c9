"""Whether explanations change when what a model has learned is taken away."""
