"""Voxel networks of resting-state fMRI: exact graph maps, group masks and PCA-LDA."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
