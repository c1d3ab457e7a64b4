from .attention import SpatialAttention as SpatialAttention
from .brain_module import BrainModule as BrainModule
from .fourier import fourier_features as fourier_features
