"""The table of the people of a study: group, site and what else is known, in one form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXTS = ("dx", "site", "sex")
NUMBERS = ("age", "handedness", "verbal_iq", "performance_iq", "full_iq")
COLUMNS = ("group", *TEXTS, *NUMBERS)
"""Columns of every phenotype table; index ``subject``.

group : 0 control, 1 case, NaN unknown.
dx : diagnosis as published, text; missing where unknown.
site : text.
sex : "F", "M" or missing.
age : years.
handedness : as published: 0 left, 1 right, 2 both, or a score from -1 to 1.
verbal_iq, performance_iq, full_iq : points.
"""

MISSING_CODE = -999
"""Number that ADHD-200 writes for a missing one."""


def phenotype_table(
    subjects: pd.Series[str], columns: Mapping[str, Any], *, where: str
) -> pd.DataFrame:
    """Return phenotypes in the common form.

    Parameters
    ----------
    subjects : Series of str
        Labels.
    columns : mapping of str to array-like
        Some of :data:`COLUMNS`, among them "group"; those that are not given are missing.
    where : str
        The file, for messages.

    Returns
    -------
    DataFrame
        Index ``subject``, unique; columns :data:`COLUMNS`, texts as "string", numbers float64.

    Raises
    ------
    DataFault
        If there is no subject, or one has two rows.
    """
    labels = pd.Index(np.asarray(subjects, dtype=str), name="subject")
    if labels.empty:
        raise DataFault("no subject in the table", where=where)
    if labels.has_duplicates:
        twice = ", ".join(labels[labels.duplicated()].unique()[:10])
        raise DataFault(f"subject with two rows: {twice}", where=where,
                        fix="keep one row per subject")  # fmt: skip
    given = {
        name: np.asarray(columns.get(name, [None] * len(labels)), dtype=object) for name in COLUMNS
    }
    kinds = {name: "string" if name in TEXTS else "float64" for name in COLUMNS}
    return pd.DataFrame(given, index=labels).astype(kinds)
