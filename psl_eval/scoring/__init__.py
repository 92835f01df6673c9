"""From subsequences to hit rates: which entries count, what they are counted as, and the kernels that count."""
