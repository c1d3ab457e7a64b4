"""The speech pipeline against straightforward programs: training step, windows, retrieval."""
