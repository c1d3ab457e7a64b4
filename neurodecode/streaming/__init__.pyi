from .chain import Chain as Chain
from .protocol import Ranking as Ranking
from .protocol import TrialDecoder as TrialDecoder
