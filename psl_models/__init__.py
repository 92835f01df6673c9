"""Networks that say where in the cell a protein lives: data sets, training, prediction, attribution. Needs torch."""
