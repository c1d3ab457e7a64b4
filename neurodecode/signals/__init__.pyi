from .checks import check_recordings as check_recordings
from .config import SignalsSection as SignalsSection
from .store import Store as Store
from .store import open_store as open_store
from .store import write_store as write_store
from .trials import read_trials as read_trials
