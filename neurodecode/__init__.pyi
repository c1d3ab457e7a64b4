from .decoders import export_onnx as export_onnx
from .decoders import load_decoder as load_decoder

__version__: str
