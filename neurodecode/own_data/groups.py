"""Which column of a table of people says who has the diagnosis."""

from __future__ import annotations

from collections.abc import Iterable

NAMES = ("group", "diagnosis", "dx", "diag", "patient_group", "clinical_group")
"""What the column is usually called, the likeliest first; letter case does not count."""


def group_column(columns: Iterable[object]) -> str | None:
    """Return the column of the usual names that comes first in :data:`NAMES`, or None.

    Parameters
    ----------
    columns : iterable
        Of the table.
    """
    known = {str(column).lower(): str(column) for column in columns}
    return next((known[name] for name in NAMES if name in known), None)
