"""Major depression: correlations among 78 regions at rest, 79 patients and 78 controls.

Le et al., Bioinformatics 33, 2906-2913, 2017. The folder holds ``rsfmri_corr_mdd.npz``: ``z`` (157,
3003), the Fisher z of the correlations of all pairs of the regions of Shirer et al. (2012),
``edge``, their names, ``subject``, and ``dx``, "MDD" or "HC". Features are named "edges".
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.datasets.resting.adhd200 import require_person
from neurodecode.datasets.resting.phenotypes import phenotype_table
from neurodecode.datasets.resting.recording import RestingScan
from neurodecode.datasets.sniff import sniff
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from numpy.typing import NDArray

FILE, EDGES = "rsfmri_corr_mdd.npz", "edges"
GROUPS = {"HC": 0.0, "MDD": 1.0}
SITE = "one"


def read_recordings(root: Path, subject: str) -> list[RestingScan]:
    """Read the edges of one person.

    Parameters
    ----------
    root : Path
    subject : str
        As "AA003".

    Returns
    -------
    list of RestingScan
        One, with features "edges" (3003,) and neither image nor time courses.

    Raises
    ------
    DataFault
        If the file is missing or broken, or has no such person.
    """
    require_person(read_phenotypes(root), subject, where=str(root))
    arrays = _read(Path(root) / FILE)
    row = arrays["subject"].tolist().index(subject)
    return [RestingScan(subject, "1", None, features={EDGES: arrays["z"][row]})]


def read_phenotypes(root: Path) -> pd.DataFrame:
    """Read who is a patient (group 1); nothing else is known.

    Raises
    ------
    DataFault
        If the file is missing or broken, a diagnosis is unknown, or a person has two rows.
    """
    path = Path(root) / FILE
    arrays = _read(path)
    dx = pd.Series(arrays["dx"].astype(str))
    if not dx.isin(list(GROUPS)).all():
        strange = dx[~dx.isin(list(GROUPS))].iloc[0]
        raise DataFault(f"the diagnosis '{strange}'", where=str(path),
                        fix=f"it is one of {', '.join(GROUPS)}")  # fmt: skip
    columns = {"group": dx.map(GROUPS), "dx": dx, "site": [SITE] * len(dx)}
    return phenotype_table(pd.Series(arrays["subject"].astype(str)), columns, where=str(path))


def _read(path: Path) -> dict[str, NDArray[Any]]:
    if not path.is_file():
        raise DataFault("file not found", where=str(path),
                        fix="see `neurodecode data info mdd-connectivity`")  # fmt: skip
    sniff(path)
    try:
        with np.load(path, allow_pickle=False) as archive:
            lacking = {"z", "subject", "dx"} - set(archive)
            if lacking:
                raise DataFault(f"no array '{min(lacking)}' in the file", where=str(path))
            arrays = {name: archive[name] for name in ("z", "subject", "dx")}
    except (OSError, ValueError, EOFError) as error:
        raise DataFault(f"the arrays cannot be read: {error}", where=str(path)) from error
    n = len(arrays["subject"])
    if arrays["z"].ndim != 2 or not len(arrays["z"]) == len(arrays["dx"]) == n:
        shapes = ", ".join(f"{name} {values.shape}" for name, values in arrays.items())
        raise DataFault(f"arrays that do not fit: {shapes}", where=str(path))
    return {**arrays, "z": arrays["z"].astype(np.float32)}
