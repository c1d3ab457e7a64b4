"""Benchmark of the training step of ``mindbridge``."""
