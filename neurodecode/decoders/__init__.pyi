from .loading import load_decoder as load_decoder
