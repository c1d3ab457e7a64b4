"""Data sets: the catalogue, fetching, importing, local BIDS folders, simulators.

``fetch`` and ``sniff`` are not lifted to this level: a function and a module of one name
would shadow each other, so write ``from neurodecode.datasets.fetch import fetch``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
