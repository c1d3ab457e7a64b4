from .encoder import ENCODERS as ENCODERS
from .encoder import SpeechEncoder as SpeechEncoder
from .encoder import make_encoder as make_encoder
