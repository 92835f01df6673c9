"""The task of Sonderby et al. 2015."""
