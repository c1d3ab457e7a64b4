"""The pictures a decoder chooses among, kept with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from neurodecode.artefacts import read_json
from neurodecode.contrastive.image.encoding import BANK
from neurodecode.contrastive.ranking import rank_candidates
from neurodecode.contrastive.retrieval import Candidates
from neurodecode.faults import DataFault, unknown
from neurodecode.persistence import load_tensors, save_tensors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from neurodecode.contrastive.image.bank import PictureBank
    from neurodecode.streaming.protocol import Ranking

FILE = "candidates"


class CandidateBank:
    """Scaled embeddings of candidate pictures, in one or several sets.

    Parameters
    ----------
    names, categories : sequence of str, shape (n,)
        Each picture once; "" where the category is unknown.
    embeddings : Tensor of float32, shape (n, F)
    sets : mapping of str to sequence of str
        Pictures of each set, in the order in which they are ranked.
    default : str
        Set that is taken where none is named.
    """

    def __init__(
        self,
        names: Sequence[str],
        categories: Sequence[str],
        embeddings: torch.Tensor,
        sets: Mapping[str, Sequence[str]],
        default: str,
    ) -> None:
        self.names, self.categories = list(names), list(categories)
        self.embeddings, self.default = embeddings, default
        self.sets = {name: list(members) for name, members in sets.items()}
        self._category = dict(zip(self.names, self.categories, strict=True))
        self._open: dict[str, Candidates] = {}

    def save(self, folder: Path) -> None:
        """Write ``candidates.safetensors`` and ``candidates.json``."""
        info = {"names": self.names, "categories": self.categories, "sets": self.sets,
                "default": self.default}  # fmt: skip
        save_tensors(folder, {"embeddings": self.embeddings}, info, name=FILE)

    @classmethod
    def load(cls, folder: Path) -> CandidateBank:
        """Read what :meth:`save` wrote."""
        info = read_json(folder / f"{FILE}.json")
        embeddings = load_tensors(folder, name=FILE)["embeddings"]
        return cls(info["names"], info["categories"], embeddings, info["sets"], info["default"])

    def candidates(self, among: str) -> Candidates:
        """Return one set, normalised once.

        Raises
        ------
        DataFault
            If there is no such set.
        """
        if among not in self.sets:
            raise DataFault(unknown("set of candidates", among, self.sets))
        if among not in self._open:
            place = {name: k for k, name in enumerate(self.names)}
            rows = torch.tensor([place[name] for name in self.sets[among]])
            self._open[among] = Candidates([self.embeddings[rows]])
        return self._open[among]

    def rank(
        self,
        estimates: torch.Tensor,
        *,
        top: int = 5,
        true: Sequence[str] | None = None,
        among: str | None = None,
    ) -> Ranking:
        """Return the ``top`` candidates of each estimate (n, F); ties keep the set's order.

        Parameters
        ----------
        true : sequence of str, shape (n,), optional
            Their rank is counted as in :func:`~neurodecode.contrastive.retrieval.rank_of`.
        among : str, optional
            Name of a set.
        """
        among = among or self.default
        names = self.sets.get(among, [])
        groups = [self._category[name] for name in names]
        scores = self.candidates(among).scores(estimates)
        return rank_candidates(scores, names, groups, top=top, true=true)


def asked_of(windows: pd.DataFrame, bank: PictureBank) -> pd.DataFrame:
    """Return the windows of a test set; of the target "category", what was seen is the category."""
    if bank.target == "category":
        windows = windows.assign(image=windows["category"])
    return windows.reset_index(drop=True)


def candidate_names(windows: pd.DataFrame, bank: PictureBank) -> list[str]:
    """Return the pictures of a test set, and those that were never shown."""
    return [*sorted(windows["image"].unique()), *(n for n in bank.images if n.startswith(BANK))]
