"""wav2vec 2.0: hidden states of a frozen network as speech target."""

from __future__ import annotations

from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.stimuli.pretrained import config_hash, load_pretrained, weights_hash
from neurodecode.stimuli.waveform import check_waveform, resample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SFREQ = 16_000.0
XLSR = "facebook/wav2vec2-large-xlsr-53"
_EPS = 1e-7  # as the feature extractor of transformers


class Wav2Vec2:
    r"""Mean of chosen hidden states of a pretrained wav2vec 2.0.

    .. math:: Y = \frac{1}{|L|} \sum_{l \in L} h_l,
              \qquad h_l = \text{output of block } l,\; h_0 = \text{input of block } 1

    The waveform at 16 kHz is first scaled to mean 0 and variance 1 over the whole chunk,
    :math:`(x - \bar x) / \sqrt{\mathrm{var}(x) + 10^{-7}}`. The chunk is processed as a whole, so
    every frame attends to all of it.

    In a pre-norm network (``do_stable_layer_norm``, as XLSR-53) hidden states are values of the
    residual stream: they are not normalised, and their scale grows with depth. That holds here for
    the last block too: the network's final layer norm, which some versions of transformers apply
    to the last hidden state, is left out.

    Parameters
    ----------
    model : str, default="facebook/wav2vec2-large-xlsr-53"
        A name on the hub, or a folder with ``config.json`` and the weights.
    layers : {"code", "article"} or sequence of int, default="code"
        "code" averages 14, 15, 16, 17, 18, as the released code does; "article" the last four, as
        the article is understood; or a list of 0 to the number of blocks.
    device : str, default="cpu"
        Where the network runs, a name known to torch.
    limit_gib : float, default=8.0
        Largest estimated working memory of a chunk.

    Raises
    ------
    ConfigFault
        If a layer is not one of the network's.
    DataFault, NetworkFault
        If the network cannot be loaded.

    References
    ----------
    .. [1] Baevski et al. 2020, NeurIPS 33, 12449-12460.
    .. [2] Defossez et al. 2023, Nature Machine Intelligence 5, 1097-1107.
    """

    default = 0.0

    def __init__(
        self,
        model: str = XLSR,
        layers: str | Sequence[int] = "code",
        device: str = "cpu",
        limit_gib: float = 8.0,
    ) -> None:
        network = _load(str(model))
        self.model, self.device, self.limit_gib = str(model), device, float(limit_gib)
        self.config = network.config
        self.layers = choose_layers(layers, self.config.num_hidden_layers, where=self.model)
        self._weights = weights_hash(network)
        # Blocks above the highest layer change nothing below: do not compute them.
        del network.encoder.layers[max(1, *self.layers) :]
        self._network = network.to(device)

    @property
    def n_features(self) -> int:
        """Width of the network."""
        return int(self.config.hidden_size)

    @property
    def frame_rate(self) -> float:
        """Frames per second, without the edges: 50 for the published networks."""
        return SFREQ / prod(self.config.conv_stride)

    @cached_property
    def _receptive_field(self) -> int:
        """Samples that one frame sees: 400 for the published networks."""
        field, step = 1, 1
        for kernel, stride in zip(self.config.conv_kernel, self.config.conv_stride, strict=True):
            field, step = field + (kernel - 1) * step, step * stride
        return field

    def settings(self) -> dict[str, Any]:
        """Return what changes the output."""
        import torch
        import transformers

        return {
            "encoder": "wav2vec2",
            "layers": list(self.layers),
            "weights": self._weights,
            "config": config_hash(self.config),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        }

    def encode(
        self, samples: NDArray[Any], sfreq: float
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Return the mean hidden state (width, n_frames) and the centres of frames in seconds.

        Raises
        ------
        DataFault
            If the sound is not usable, shorter than a frame (25 ms), or so long that the memory
            for it would exceed the limit.
        """
        samples = check_waveform(samples, sfreq, shortest=self._receptive_field / SFREQ)
        samples = resample(samples, sfreq, SFREQ)
        self._require_memory(len(samples))
        features = self._hidden_mean(unit_variance(samples))
        step = prod(self.config.conv_stride)
        times = (
            np.arange(features.shape[1], dtype=np.float64) * step + self._receptive_field / 2
        ) / SFREQ
        return features, times

    def _hidden_mean(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the network and average the chosen layers as they pass."""
        import torch

        blocks = self._network.encoder.layers
        total: list[Any] = []

        def add(_module: Any, _inputs: Any, output: Any) -> None:
            hidden = output[0] if isinstance(output, tuple) else output
            total.append(hidden if not total else total.pop() + hidden)

        def add_input(_module: Any, inputs: Any) -> None:
            add(None, None, inputs[0])

        hooks = [blocks[layer - 1].register_forward_hook(add) for layer in self.layers if layer]
        if 0 in self.layers:
            hooks.append(blocks[0].register_forward_pre_hook(add_input))
        try:
            with torch.inference_mode():
                self._network(torch.from_numpy(samples)[None].to(self.device))
        finally:
            for hook in hooks:
                hook.remove()
        mean = total[0][0].T / len(self.layers)
        return np.ascontiguousarray(mean.cpu().numpy(), dtype=np.float32)

    def _require_memory(self, n_samples: int) -> None:
        """Refuse a chunk whose largest intermediates would not fit."""
        config = self.config
        n_first = n_samples // config.conv_stride[0]
        n_frames = n_samples // prod(config.conv_stride)
        convolution = 3 * config.conv_dim[0] * n_first  # output, normalised, activated
        attention = 2 * config.num_attention_heads * n_frames**2  # scores and their softmax
        states = n_frames * (4 * config.hidden_size + config.intermediate_size)
        gib = 4 * max(convolution, attention + states) / 2**30
        if gib > self.limit_gib:
            raise DataFault(
                f"a chunk of {n_samples / SFREQ:.0f} s would take about {gib:.1f} GiB in "
                f"{self.model}, more than the limit of {self.limit_gib:g} GiB",
                fix="encode shorter chunks, or raise limit_gib",
            )


def choose_layers(layers: str | Sequence[int], depth: int, *, where: str = "") -> tuple[int, ...]:
    """Return the indices of hidden states to average, 0 being the input of the first block.

    Parameters
    ----------
    layers : {"code", "article"} or sequence of int
        See :class:`Wav2Vec2`.
    depth : int
        Number of blocks.

    Raises
    ------
    ConfigFault
        If the name is unknown, there is none, one stands twice, or one is not in 0 to ``depth``.
    """
    if isinstance(layers, str):
        if layers not in ("code", "article"):
            raise ConfigFault(
                f"layers '{layers}'", where=where, fix="give 'code', 'article' or a list of numbers"
            )
        chosen = tuple(range(14, 19)) if layers == "code" else tuple(range(depth - 3, depth + 1))
    else:
        chosen = tuple(int(layer) for layer in layers)
    if not chosen or len(set(chosen)) < len(chosen) or min(chosen) < 0 or max(chosen) > depth:
        raise ConfigFault(
            f"layers {', '.join(map(str, chosen)) or 'none'} of a network with {depth} blocks",
            where=where,
            fix=f"choose different ones from 0 (input of the first block) to {depth}",
        )
    return chosen


def unit_variance(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    r"""Return :math:`(x - \bar x) / \sqrt{\mathrm{var}(x) + 10^{-7}}`, population variance."""
    precise = samples.astype(np.float64)
    return ((precise - precise.mean()) / np.sqrt(precise.var() + _EPS)).astype(np.float32)


def _load(model: str) -> Any:
    try:
        from transformers import Wav2Vec2Model
    except ImportError as error:
        raise ConfigFault(
            "the encoder wav2vec2 needs transformers", fix="pip install 'neurodecode[pretrained]'"
        ) from error
    return load_pretrained(Wav2Vec2Model, model, optional=("masked_spec_embed",))
