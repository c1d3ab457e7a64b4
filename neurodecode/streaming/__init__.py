"""Decoding while a recording goes on: sources, gaps, causal resampling, decisions per trial."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
