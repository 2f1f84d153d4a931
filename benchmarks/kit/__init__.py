"""What the benchmarks share: a server, the two sides, how to measure, and how to print it."""
