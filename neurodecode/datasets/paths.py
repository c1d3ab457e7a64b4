"""Where recordings lie on this machine."""

from __future__ import annotations

import os
from pathlib import Path


def data_root() -> Path:
    """Return the folder that holds downloaded recordings; it is not created here.

    In this order: the environment variable ``NEURODECODE_DATA``; ``./data`` when the current
    folder holds ``pipelines/`` and ``configs/``; the user data folder of the platform.
    """
    chosen = os.environ.get("NEURODECODE_DATA")
    if chosen:
        return Path(chosen).expanduser().resolve()
    here = Path.cwd()
    if (here / "pipelines").is_dir() and (here / "configs").is_dir():
        return here / "data"
    from platformdirs import user_data_path

    return user_data_path("neurodecode", appauthor=False)
