from .encoder import ENCODERS as ENCODERS
from .encoder import SpeechEncoder as SpeechEncoder
from .encoder import make_encoder as make_encoder
from .envelope import Envelope as Envelope
from .grid import to_grid as to_grid
from .mel import MelSpectrogram as MelSpectrogram
