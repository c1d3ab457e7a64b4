from .augmented import AugmentedCovariances as AugmentedCovariances
from .augmented import augment as augment
from .config import ACMConfig as ACMConfig
from .decoders import DECODERS as DECODERS
from .decoders import make_decoder as make_decoder
