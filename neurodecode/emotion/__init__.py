"""Emotion: valence and arousal from EEG of people who watch clips (HiSTN, Kuang et al. 2024)."""
