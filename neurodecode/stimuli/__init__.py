"""What was heard: audio files, their features on the brain's time grid, words and their times."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
