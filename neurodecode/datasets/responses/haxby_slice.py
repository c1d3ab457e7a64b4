"""Haxby 2001, subject 1, half a slice: the small sample that PyMVPA ships.

Haxby et al., Science 293, 2425-2430, 2001, doi:10.1126/science.1063736: ``bold.nii.gz`` (40, 20, 1,
1452), ``mask.nii.gz`` of 530 voxels, and ``attributes_literal.txt``, label and run of each volume
without a header. Otherwise as :mod:`~neurodecode.datasets.responses.haxby`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from neurodecode.datasets.responses.haxby import Samples, labelled_responses, read_labels
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from neurodecode.datasets.responses.subject import Responses
    from neurodecode.datasets.responses.voxels import BadVoxels

SUBJECT = "1"


def read_responses(
    root: Path,
    subject: str,
    *,
    samples: Samples = "block",
    shift: float = 5.0,
    detrend: bool = True,
    standardise: bool = True,
    bad_voxels: BadVoxels = "stop",
) -> Responses:
    """Read the one subject.

    Parameters
    ----------
    root : Path
        Folder with the three files.
    subject : str
        "1".
    samples, shift, detrend, standardise, bad_voxels
        As in :func:`neurodecode.datasets.responses.haxby.read_responses`.

    Returns
    -------
    Responses
        Without pictures; ``stimulus`` and ``category`` are the label.

    Raises
    ------
    ConfigFault
        If the kind of sample is unknown.
    DataFault
        The subject is another one, a file is missing or broken, or labels and volumes do not fit.
    """
    root = Path(root)
    if subject.removeprefix("sub-").lstrip("0") != SUBJECT:
        raise DataFault(f"no subject '{subject}'", where=str(root), fix=f"it has {SUBJECT}")
    labels = read_labels(root / "attributes_literal.txt", header=False)
    return labelled_responses(
        SUBJECT, root / "bold.nii.gz", root / "mask.nii.gz", labels, samples=samples, shift=shift,
        detrend=detrend, standardise=standardise, bad_voxels=bad_voxels,
    )  # fmt: skip
