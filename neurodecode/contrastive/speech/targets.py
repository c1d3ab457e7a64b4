"""Speech targets: what the encoder says of every block, on the grid of the brain's windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from neurodecode.faults import DataFault
from neurodecode.signals.memory import require_memory
from neurodecode.stimuli.grid import grid_frames

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from neurodecode.signals.continuous import ContinuousSection
    from neurodecode.stimuli.cache import EmbeddingCache

BANK_LIMIT_GIB = 12.0
FRAMES_AT_A_TIME = 65_536


@dataclass(frozen=True)
class TargetScaler:
    """One mean and one standard deviation for all features.

    Attributes
    ----------
    mean, std : float
        Over the frames inside a word of training windows; the deviation is the unbiased one.
    """

    mean: float
    std: float

    def to_dict(self) -> dict[str, float]:
        """Return plain values for ``model.json``."""
        return {"mean": self.mean, "std": self.std}

    def windows(self, frames: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
        """Return scaled windows (n_windows, F, n_samples) of frames (n, F) by their index."""
        return (frames[index].transpose(1, 2) - self.mean) / self.std


class TargetBank:
    """Features of all sounds in memory, cut into windows by index.

    An encoder never sees beyond the block it encodes, so that nothing of a test sentence reaches
    a training target.

    Parameters
    ----------
    cache : EmbeddingCache
        Of one encoder.
    audio : Path
        Folder of the sound files.
    story : DataFrame
        Words with ``sound, block, block_start, block_stop, sound_time, duration``.
    settings : ContinuousSection
        Grid of the windows.
    """

    def __init__(
        self, cache: EmbeddingCache, audio: Path, story: pd.DataFrame, settings: ContinuousSection
    ) -> None:
        self.settings = settings
        self.encoder = cache.encoder
        self.n_features = int(cache.encoder.n_features)
        self.default = float(cache.encoder.default)
        self.scaler = TargetScaler(0.0, 1.0)
        self.chunks: dict[int, tuple[int, int, float, float]] = {}
        self.words: dict[int, NDArray[np.float64]] = {}
        parts: list[NDArray[np.float32]] = [np.full((1, self.n_features), self.default, np.float32)]
        end = 1
        for block, words in story.groupby("block"):
            start = float(words["block_start"].iloc[0])
            stop = float(words["block_stop"].iloc[0])
            found, rate = cache.get(
                audio / str(words["sound"].iloc[0]), start, stop if np.isfinite(stop) else None
            )
            features = np.asarray(found, dtype=np.float32).T
            self.chunks[int(str(block))] = (end, len(features), rate, start)
            self.words[int(str(block))] = words[["sound_time", "duration"]].to_numpy(float)
            parts.append(features)
            end += len(features)
        require_memory(
            (end, self.n_features), limit_gib=BANK_LIMIT_GIB, what="features of all sounds",
            fix="fewer sounds, or a narrower encoder",
        )  # fmt: skip
        self.frames = torch.from_numpy(np.concatenate(parts))

    def index(self, windows: pd.DataFrame) -> torch.Tensor:
        """Return the frame of each sample of some windows; 0 outside the sound's block.

        Parameters
        ----------
        windows : DataFrame
            With ``block`` and ``sound_start``.

        Returns
        -------
        Tensor of int64, shape (n_windows, n_samples)
        """
        n = self.settings.n_samples
        index = np.zeros((len(windows), n), dtype=np.int64)
        for row, (block, start) in enumerate(
            zip(windows["block"], windows["sound_start"], strict=True)
        ):
            if int(block) not in self.chunks:
                raise DataFault(f"block {block} of a window is not in the story")
            first, n_frames, rate, begin = self.chunks[int(block)]
            begins, frames = grid_frames(n_frames, rate, start - begin, n, self.settings.sfreq)
            index[row, begins : begins + len(frames)] = first + frames
        return torch.from_numpy(index)

    def in_word(self, windows: pd.DataFrame) -> NDArray[np.bool_]:
        """Return whether each sample of some windows lies inside a word."""
        times = np.arange(self.settings.n_samples) / self.settings.sfreq
        inside = np.zeros((len(windows), len(times)), dtype=bool)
        for row, (block, start) in enumerate(
            zip(windows["block"], windows["sound_start"], strict=True)
        ):
            for onset, duration in self.words[int(block)]:
                inside[row] |= (start + times >= onset) & (start + times < onset + duration)
        return inside

    def gather(self, index: torch.Tensor) -> torch.Tensor:
        """Return scaled windows, shape (n_windows, F, n_samples), of frames from :meth:`index`."""
        return self.scaler.windows(self.frames, index)

    def fit_scaler(self, windows: pd.DataFrame, *, n_windows: int, seed: int) -> TargetScaler:
        """Fit and keep the scaler on randomly drawn training windows.

        Raises
        ------
        DataFault
            If no frame lies inside a word, or all values are the same.
        """
        rng = np.random.default_rng(seed)
        chosen = windows.iloc[rng.permutation(len(windows))[:n_windows]]
        inside = torch.from_numpy(self.in_word(chosen))
        counts = torch.bincount(self.index(chosen)[inside], minlength=len(self.frames)).double()
        n = max(float(counts.sum()) * self.n_features, 2)
        mean = self._weighted_sum(counts, 0.0, 1) / n
        variance = self._weighted_sum(counts, mean, 2) / (n - 1)
        if not variance > 0:
            raise DataFault(
                "the speech features do not vary inside words",
                fix="check the word times against the sound files",
            )
        self.scaler = TargetScaler(mean, float(np.sqrt(variance)))
        return self.scaler

    def _weighted_sum(self, counts: torch.Tensor, centre: float, power: int) -> float:
        """Sum of (frames - centre) ** power, each as often as counted, in double precision."""
        total = 0.0
        for start in range(0, len(counts), FRAMES_AT_A_TIME):
            part = slice(start, start + FRAMES_AT_A_TIME)
            total += float((counts[part] @ (self.frames[part].double() - centre) ** power).sum())
        return total


def distinct_segments(windows: pd.DataFrame) -> pd.DataFrame:
    """Return the first test window of every distinct segment: the candidates of the retrieval.

    Parameters
    ----------
    windows : DataFrame
        Of all recordings, in order.

    Raises
    ------
    DataFault
        If there is no test window.
    """
    tested = windows[windows["part"] == "test"]
    if tested.empty:
        raise DataFault("no test window", fix="larger split.test, or more sounds")
    return tested.drop_duplicates("segment", ignore_index=True)


def encoder_settings(encoder: Any) -> dict[str, Any]:
    """Return what ``model.json`` keeps of an encoder."""
    return {"name": type(encoder).__name__, **encoder.settings()}
