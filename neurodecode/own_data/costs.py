"""What every job of a pipeline costs beside its work: measured on small studies of one's own."""

from __future__ import annotations

from neurodecode.own_data.survey import MIB, Size

START_S = {"adhd": 3.0, "mci": 2.0, "mindbridge": 4.5, "spikes": 4.5}
"""Processor seconds of a job that does next to nothing: its process, its imports."""
PROGRAM_MIB = {
    "acm": 550, "adhd": 440, "emotion": 740, "image": 560, "mci": 420, "mindbridge": 600,
    "speech": 570, "spikes": 600,
}  # fmt: skip
"""Largest memory of a job of a study of a few MiB: Python and its libraries."""


def program_size(pipeline: str) -> Size:
    """Return what a job of a pipeline holds beside its arrays."""
    return Size("Python and its libraries, as measured", (PROGRAM_MIB[pipeline], MIB), "uint8")
