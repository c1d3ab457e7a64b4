"""Benchmark of the network of ``emotion``."""
