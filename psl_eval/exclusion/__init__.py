"""Entries that do not count for a protein: itself, its copies, its relatives, what a model has learned from."""
