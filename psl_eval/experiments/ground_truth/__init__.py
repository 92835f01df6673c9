"""Explanations against signals that were planted."""
