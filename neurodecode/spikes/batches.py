"""What the model reads: windows as tensors, and a data set that cuts them from a recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.spikes.tokenizer import Part, clip_range

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from neurodecode.spikes.config_model import NeuroformerConfig


class SpikeBatch(TypedDict):
    """Samples of one population.

    Attributes
    ----------
    id, dt : Tensor of int64, shape (B, block)
        Tokens of the current window.
    past_id, past_dt : Tensor of int64, shape (B, past_block)
        Tokens of the past window.
    target_id, target_dt : Tensor of int64, shape (B, block)
        The next tokens.
    stop : Tensor of float64, shape (B,)
        End (s) of the current windows.
    chain : Tensor of int64, shape (B,)
        Trial, or whatever windows must share for one to be the other's past.
    frames : Tensor of float32, shape (B, 1, n_frames, height, width)
        Where the model reads a stimulus.
    values, offsets : dict of Tensor, shape (B, n_samples)
        Input behaviours by name: samples, and their times (s) from the window's start.
    targets : dict of Tensor, shape (B,)
        Behaviours to decode by name: float32, or int64 classes.
    session : str
        Where a model of several sessions is trained.
    """

    id: Tensor
    dt: Tensor
    past_id: Tensor
    past_dt: Tensor
    target_id: Tensor
    target_dt: Tensor
    stop: Tensor
    chain: Tensor
    frames: NotRequired[Tensor]
    values: dict[str, Tensor]
    offsets: dict[str, Tensor]
    targets: dict[str, Tensor]
    session: NotRequired[str]


class SpikeWindows(Dataset[SpikeBatch]):
    """Windows of one recording, tokenised when they are asked for.

    Parameters
    ----------
    config : NeuroformerConfig
        Windows, frames, behaviours and corrections.
    times : array-like of float, shape (n_spikes,)
        s, ascending.
    units : array-like of int, shape (n_spikes,)
        Rows of the unit table.
    stops : array-like of float, shape (n_windows,)
        Ends (s) of the current windows.
    chains : array-like of int, shape (n_windows,), optional
        Trials of the windows; default: all one.
    frames : array-like, shape (n_frames, height, width), optional
        Stimulus, from time 0 on at the rate of the settings.
    behaviours : mapping of str to (times, values), optional
        s ascending, and samples: standardised, or classes of a classified target.

    Raises
    ------
    DataFault
        If spikes are not in order of time or of another unit, a modality of the settings is absent,
        a window has too few samples of an input or none of a target, or classes are outside
        0..n_classes - 1.
    """

    def __init__(
        self,
        config: NeuroformerConfig,
        times: ArrayLike,
        units: ArrayLike,
        stops: ArrayLike,
        *,
        chains: ArrayLike | None = None,
        frames: ArrayLike | None = None,
        behaviours: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None,
    ) -> None:
        self.config, self.tokenizer = config, config.tokenizer()
        self.times, self.units = _fixed(times, np.float64), _fixed(units, np.int64)
        self.stops = np.asarray(stops, np.float64)
        n_windows = len(self.stops)
        self.chains = np.zeros(n_windows, int) if chains is None else np.asarray(chains, np.int64)
        self.frames = None if frames is None else np.asarray(frames)
        _check_spikes(self.times, self.units)
        self._sorted = self.tokenizer.sort_spikes(self.times, self.units)
        if self.chains.shape != self.stops.shape:
            raise DataFault(f"chains of shape {self.chains.shape} for {n_windows} windows")
        if config.frames is not None and (self.frames is None or self.frames.ndim != 3):
            raise DataFault(
                "the settings have frames, the recording no stimulus (n, rows, columns)"
            )
        found = {name: tuple(map(np.asarray, pair)) for name, pair in (behaviours or {}).items()}
        self.sampled = {
            name: _last_samples(name, found, self._starts(), self.stops, variable.n_samples)
            for name, variable in {**config.inputs, **config.targets}.items()
        }
        for name, variable in config.targets.items():
            if variable.n_classes is not None:
                _check_classes(name, self.sampled[name][0], variable.n_classes)

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.stops)

    def __getitem__(self, row: int) -> SpikeBatch:
        """Return a batch of one window."""
        return self.batch([row])

    def __getitems__(self, rows: Sequence[int]) -> SpikeBatch:
        """Return a batch, as a loader asks for it."""
        return self.batch(rows)

    def batch(self, rows: ArrayLike | Sequence[int]) -> SpikeBatch:
        """Return a batch of windows, by their rows."""
        places = np.asarray(rows, np.int64)
        stops = self.stops[places]
        current, past = (self._tokens(stops, part) for part in ("current", "past"))
        batch: dict[str, Any] = {
            "id": current[0][:, :-1], "dt": current[1][:, :-1],
            "past_id": past[0][:, :-1], "past_dt": past[1][:, :-1],
            "target_id": current[0][:, 1:], "target_dt": current[1][:, 1:],
            "stop": torch.from_numpy(stops), "chain": torch.from_numpy(self.chains[places]),
        }  # fmt: skip
        if self.config.frames is not None:
            batch["frames"] = self._clips(stops)
        single = {
            name: [torch.from_numpy(np.ascontiguousarray(part[places])) for part in parts]
            for name, parts in self.sampled.items()
        }
        batch["values"] = {name: single[name][0].float() for name in self.config.inputs}
        batch["offsets"] = {name: single[name][1].float() for name in self.config.inputs}
        batch["targets"] = {
            name: single[name][0][:, -1].to(torch.int64 if variable.n_classes else torch.float32)
            for name, variable in self.config.targets.items()
        }
        return batch  # type: ignore[return-value]

    def batches(self, size: int) -> Iterator[SpikeBatch]:
        """Yield all windows in order, ``size`` at a time."""
        for first in range(0, len(self), size):
            yield self.batch(range(first, min(first + size, len(self))))

    def require(self, config: NeuroformerConfig) -> None:
        """Compare with the settings of a model, which may be that of another session.

        Raises
        ------
        ConfigFault
            If windows or the number of units differ: tokens would mean something else.
        """
        own = self.config
        if own.windows != config.windows or own.n_neurons != config.n_neurons:
            raise ConfigFault(
                "windows and model have different settings",
                where=f"windows, n_neurons ({own.n_neurons} and {config.n_neurons} units)",
            )

    def _tokens(self, stops: NDArray[np.float64], part: Part) -> tuple[Tensor, Tensor]:
        ids, times = self.tokenizer.encode_windows(*self._sorted, stops, part)
        return torch.from_numpy(ids), torch.from_numpy(times)

    def _starts(self) -> NDArray[np.float64]:
        firsts, _ = self.tokenizer.bin_ranges(self.stops)
        return np.asarray(firsts * self.config.windows.dt, np.float64)

    def _clips(self, stops: NDArray[np.float64]) -> Tensor:
        settings, frames = self.config.frames, self.frames
        assert settings is not None
        assert frames is not None
        ranges = [
            clip_range(
                stop, window=self.config.windows.current, n_frames=settings.n_frames,
                rate=settings.rate, n_total=len(frames),
                with_window=self.config.corrections.clip_end,
            )
            for stop in stops
        ]  # fmt: skip
        clips = np.stack([frames[first:last] for first, last in ranges]).astype(np.float32)
        return torch.from_numpy(clips)[:, None]


def move(batch: SpikeBatch, device: torch.device | str) -> SpikeBatch:
    """Return a batch whose tensors are on a device."""
    return _mapped(batch, lambda tensor: tensor.to(device))


def take(batch: SpikeBatch, rows: Tensor) -> SpikeBatch:
    """Return the rows (int64, or bool for each row) of a batch, in their order."""
    return _mapped(batch, lambda tensor: tensor[rows.to(tensor.device)])


def _mapped(values: Any, change: Any) -> Any:
    if isinstance(values, dict):
        return {name: _mapped(value, change) for name, value in values.items()}
    return values if isinstance(values, str) else change(values)


def _fixed(values: ArrayLike, dtype: type) -> NDArray[Any]:
    """Return a view that cannot be written to: tokens would not follow."""
    fixed: NDArray[Any] = np.asarray(values, dtype).view()
    fixed.flags.writeable = False
    return fixed


def _check_spikes(times: NDArray[np.float64], units: NDArray[np.int64]) -> None:
    if times.shape != units.shape or times.ndim != 1:
        raise DataFault(f"times of shape {times.shape}, units of shape {units.shape}")
    falls = np.flatnonzero(np.diff(times) < 0)
    if len(falls):
        raise DataFault(
            f"spike {falls[0] + 1} at {times[falls[0] + 1]:g} s is earlier than the one before",
            fix="sort spikes by time",
        )


def _last_samples(
    name: str,
    found: Mapping[str, Any],
    starts: NDArray[np.float64],
    stops: NDArray[np.float64],
    n_samples: int,
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return the last samples before each stop and their times from the starts, (n, n_samples)."""
    if name not in found:
        raise DataFault(f"no behaviour '{name}' in the recording", fix="change behaviours")
    times, values = found[name]
    if times.shape != values.shape or times.ndim != 1:
        raise DataFault(f"times of shape {times.shape}, values of shape {values.shape}", where=name)
    ends = np.searchsorted(times, stops - 1e-9)
    begins = np.searchsorted(times, starts - 1e-9)
    few = np.flatnonzero(ends - begins < n_samples)
    if len(few):
        raise DataFault(
            f"{(ends - begins)[few[0]]} samples in the window up to {stops[few[0]]:g} s, "
            f"{n_samples} are needed",
            where=f"behaviour {name}",
            fix="bring behaviour and spikes to one clock, or take windows within both",
        )
    places = ends[:, None] - np.arange(n_samples, 0, -1)
    chosen = values[places]
    if not np.isfinite(chosen).all():
        raise DataFault("samples that are no finite numbers", where=f"behaviour {name}")
    return chosen, times[places] - starts[:, None]


def _check_classes(name: str, values: NDArray[Any], n_classes: int) -> None:
    if values.size and (values.min() < 0 or values.max() >= n_classes):
        raise DataFault(
            f"classes from {values.min()} to {values.max()}, expected 0 to {n_classes - 1}",
            where=f"behaviour {name}",
        )
