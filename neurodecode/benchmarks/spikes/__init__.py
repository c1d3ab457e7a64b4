"""Benchmark of ``spikes``: writing with kept keys and values, fused attention, growth of cost."""
