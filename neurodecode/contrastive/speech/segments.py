"""The segments of speech that are ranked, kept as what the encoder says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from neurodecode.artefacts import read_json
from neurodecode.contrastive.retrieval import Candidates
from neurodecode.contrastive.speech.targets import TargetScaler
from neurodecode.persistence import load_tensors, save_tensors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pandas as pd

    from neurodecode.contrastive.speech.targets import TargetBank

FILE = "candidates"


class SegmentBank:
    """Distinct segments of a test set, with the frames of the encoder that they consist of.

    Segments overlap, so frames are kept once, and what a network over the target makes of them is
    computed when they are used.

    Parameters
    ----------
    segments, words : sequence of str, shape (n,)
        Identity of each segment (place of the word in its sentence, and the sentence), and the
        word at its anchor.
    frames : Tensor of float32, shape (n_frames, F)
    index : Tensor of int64, shape (n, n_samples)
        Frame at each sample.
    scaler : TargetScaler
    """

    def __init__(
        self,
        segments: Sequence[str],
        words: Sequence[str],
        frames: torch.Tensor,
        index: torch.Tensor,
        scaler: TargetScaler,
    ) -> None:
        self.segments, self.words = list(segments), list(words)
        self.frames, self.index, self.scaler = frames, index, scaler

    @classmethod
    def of_windows(cls, bank: TargetBank, candidates: pd.DataFrame) -> SegmentBank:
        """Return the segments of :func:`distinct_segments`, with the frames they need."""
        used, index = torch.unique(bank.index(candidates), return_inverse=True)
        segments, words = (candidates[name].astype(str).tolist() for name in ("segment", "word"))
        return cls(segments, words, bank.frames[used], index, bank.scaler)

    def save(self, folder: Path) -> None:
        """Write ``candidates.safetensors`` and ``candidates.json``."""
        info = {"segments": self.segments, "words": self.words, "scaler": self.scaler.to_dict()}
        save_tensors(folder, {"frames": self.frames, "index": self.index}, info, name=FILE)

    @classmethod
    def load(cls, folder: Path) -> SegmentBank:
        """Read what :meth:`save` wrote."""
        info, held = read_json(folder / f"{FILE}.json"), load_tensors(folder, name=FILE)
        scaler = TargetScaler(**info["scaler"])
        return cls(info["segments"], info["words"], held["frames"], held["index"], scaler)

    def candidates(self, network: Any, lag: int, size: int) -> Candidates:
        """Return what estimates are compared with, normalised once.

        Parameters
        ----------
        network : SpeechNetwork or LaggedRidge
        lag : int
            Last samples of a segment that are left out.
        size : int
            Segments at a time.
        """
        return Candidates(self._blocks(network, lag, size))

    @torch.no_grad()
    def _blocks(self, network: Any, lag: int, size: int) -> Iterator[torch.Tensor]:
        for index in torch.split(self.index, size):
            features = self.scaler.windows(self.frames, index)
            yield network.targets(features[..., : features.shape[-1] - lag])
