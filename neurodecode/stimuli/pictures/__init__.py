"""What was seen: picture files, and what engineered and pretrained encoders say of them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
