"""Proteins and labels from the files that the field uses, and the numbers that training makes of them."""

from psl_models.datasets.proteins import Dataset
from psl_models.datasets.reading import read_dataset
from psl_models.datasets.targets import class_matrix, class_numbers, class_order

__all__ = ["Dataset", "class_matrix", "class_numbers", "class_order", "read_dataset"]
