"""Faults of a recording that is read with settings that cannot be changed any more."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Iterator

MEND = "mend the recording first, as with raw.interpolate_bads() or raw.apply_function()"
"""Where a run would be told to change a setting: those of a trained decoder are fixed."""


@contextmanager
def settings_are_fixed() -> Iterator[None]:
    """Replace the remedy of a fault that names a setting of a run by :data:`MEND`."""
    try:
        yield
    except DataFault as error:
        if "signals." not in error.fix:
            raise
        raise DataFault(error.what, where=error.where, fix=MEND) from error
