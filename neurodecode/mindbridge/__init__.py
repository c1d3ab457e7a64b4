"""Decoding of seen images from fMRI by one model for several subjects (MindBridge)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
