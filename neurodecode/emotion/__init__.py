"""Valence and arousal from EEG: the hierarchical spatial temporal network and its rivals."""
