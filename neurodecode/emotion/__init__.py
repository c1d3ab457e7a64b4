"""Valence and arousal from EEG: the hierarchical spatial temporal network and its rivals."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
