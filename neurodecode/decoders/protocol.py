"""What a decoder must offer whose input is no continuous recording but a file of its own kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from neurodecode.streaming.protocol import TrialDecoder


class FileDecoder(Protocol):
    """A decoder of responses, spike trains, images or tables: it reads its file by itself.

    Attributes
    ----------
    kind : str
        As in ``decoder.json``.
    noun : str
        What a row of the predictions is about: "person", "trial", "window".
    """

    kind: str
    noun: str

    def read(self, path: Path) -> Any:
        """Return the content of a file or folder, in the form that :meth:`predict` takes.

        Raises
        ------
        DataFault
            If it is absent, broken, or does not fit the decoder: other channels, units, mask,
            rate or columns, each by name.
        """

    def predict(self, data: Any, *, participant: str | None = None, top: int = 5) -> pd.DataFrame:
        """Return a row per :attr:`noun` or, where candidates are ranked, per candidate.

        Parameters
        ----------
        data
            What :meth:`read` returns, or arrays in the form that the decoder documents.
        participant : str, optional
            One of the training, where the decoder keeps something of each.
        top : int, default=5
            Candidates of each row, where they are ranked.

        Returns
        -------
        DataFrame
            With ``note``: "", or what the reader of a row has to know.
        """

    def summary(self, found: pd.DataFrame) -> list[str]:
        """Return lines about predictions: how many, and their score where the truth is known."""


AnyDecoder: TypeAlias = "TrialDecoder | FileDecoder"
"""What a folder may hold."""
