"""Benchmark of ``adhd``: exact 3-cycle counts of a whole brain against the common libraries."""
