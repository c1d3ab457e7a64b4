"""Benchmarks: what a method costs here and with the common libraries, at equal scores."""
