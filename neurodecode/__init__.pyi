from .decoders import load_decoder as load_decoder

__version__: str
