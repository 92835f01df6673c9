"""One page of a study's results: what a model looked at, and whether Swiss-Prot agrees."""
