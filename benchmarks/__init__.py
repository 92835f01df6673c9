"""Speed and exactness against named peers, in the same run on the same input: `python -m benchmarks`."""
