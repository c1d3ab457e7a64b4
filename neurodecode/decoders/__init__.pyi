from .loading import load_decoder as load_decoder
from .onnx import Exported as Exported
from .onnx import export_onnx as export_onnx
