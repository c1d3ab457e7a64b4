"""Benchmark of the nested search of ``mci``."""
