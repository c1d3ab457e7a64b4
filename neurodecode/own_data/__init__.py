"""A folder of one's own, looked through before anything runs: what it has, lacks, allows, costs."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
