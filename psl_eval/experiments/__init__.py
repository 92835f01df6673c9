"""Experiments on models and their explanations: one a module, one kind of result. Needs torch."""
