"""Decoders that left their run: loaded from a folder, applied to files and to streams."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
