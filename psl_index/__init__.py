"""Exact substring index of protein sequences, with their annotated subcellular locations."""
