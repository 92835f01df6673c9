"""Intervals, tests and associations, by scipy; rates by length, and as a measure of confidence."""
