"""Networks that are formulas over a published file of weights, without a class of their own."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from neurodecode.faults import DataFault, NetworkFault
from neurodecode.stimuli.pictures.network import NetworkEncoder
from neurodecode.stimuli.pretrained import pretrained_file, read_tensors, weights_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from neurodecode.stimuli.pictures.preprocessing import Preprocessing

_FILES = ("model.safetensors", "pytorch_model.bin")


class StateDictEncoder(NetworkEncoder):
    """A network written as a function of its weights by name.

    A grey picture is encoded once at the start: it needs every weight that a layer depends on, so
    that a file of another network is noticed, and it tells the shape of an embedding.

    Parameters
    ----------
    model : str
        A file of weights (``.safetensors``, or pickled tensors as ``.pth``), a folder with
        ``model.safetensors`` or ``pytorch_model.bin``, or a name on the hub.
    preprocessing : Preprocessing
    options : dict
        Further settings that change the output.
    device : str
    batch_size : int

    Raises
    ------
    DataFault
        If the weights are missing, damaged or of another network.
    NetworkFault
        If a name is not in the local cache and the hub cannot be reached, or lacks it.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    advice: ClassVar[str]

    def __init__(
        self,
        model: str,
        preprocessing: Preprocessing,
        options: Mapping[str, Any],
        device: str,
        batch_size: int,
    ) -> None:
        super().__init__(device, batch_size)
        self.model, self.preprocessing, self._options = str(model), preprocessing, dict(options)
        file = self._find(self.model)
        weights = self.rename(_without_prefix(read_tensors(file)))
        self._hash = weights_hash(weights)
        self._weights = {name: tensor.to(device) for name, tensor in weights.items()}
        self._shape = self._try(file)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of an embedding, see the class."""
        return self._shape

    def settings(self) -> dict[str, Any]:
        """Return what changes the output."""
        import torch

        return {
            "encoder": self.name,
            **self._options,
            "preprocessing": self.preprocessing.settings(),
            "weights": self._hash,
            "torch": torch.__version__,
        }

    @abstractmethod
    def run(self, weights: Mapping[str, Any], pictures: Any) -> Any:
        """Return the embeddings (n, *shape) of standardised pictures (n, 3, height, width)."""

    def rename(self, weights: dict[str, Any]) -> dict[str, Any]:
        """Return the weights under the names that ``run`` reads."""
        return weights

    def _forward(self, pictures: Sequence[NDArray[np.uint8]], labels: Sequence[str]) -> Any:
        import torch

        inputs = torch.from_numpy(self.preprocessing.apply(pictures)).to(self.device)
        return self.run(self._weights, inputs)

    def _try(self, file: Path) -> tuple[int, ...]:
        import torch

        side = self.preprocessing.crop
        try:
            with torch.inference_mode():
                grey = torch.zeros(1, 3, side, side, device=self.device)
                return tuple(self.run(self._weights, grey).shape[1:])
        except (KeyError, RuntimeError) as error:
            raise DataFault(
                f"weights are not those of {self.title}: {str(error).splitlines()[0]}",
                where=str(file),
                fix=self.advice,
            ) from error

    def _find(self, model: str) -> Path:
        path = Path(model).expanduser()
        if path.is_file():
            return path
        local = path.is_dir() or path.is_absolute() or bool(path.suffix) or model.count("/") != 1
        if path.is_dir() or not local:
            found = (pretrained_file(model, file) for file in _FILES)
            file = next((file for file in found if file is not None), None)
            if file is not None:
                return file
        if local:
            raise DataFault(f"weights of {self.title} not found", where=model, fix=self.advice)
        raise NetworkFault(
            f"pretrained model '{model}' is not on this machine and the hub cannot be reached, "
            "or lacks it",
            fix=f"give the path of a file: {self.advice}",
        )


def convolve(
    weights: Mapping[str, Any], name: str, hidden: Any, *, bias: bool = True, **options: Any
) -> Any:
    """Convolve with the kernel ``name``.weight, and add ``name``.bias.

    ``options`` are those of ``torch.nn.functional.conv2d``; with none, the size stays.
    """
    import torch

    kernel = weights[f"{name}.weight"]
    options.setdefault("padding", (kernel.shape[2] // 2, kernel.shape[3] // 2))
    offset = weights[f"{name}.bias"] if bias else None
    return torch.nn.functional.conv2d(hidden, kernel, offset, **options)


def normalise(weights: Mapping[str, Any], name: str, hidden: Any, *, eps: float = 1e-5) -> Any:
    """Apply batch normalisation with the running mean and variance of training."""
    import torch

    return torch.nn.functional.batch_norm(
        hidden,
        weights[f"{name}.running_mean"],
        weights[f"{name}.running_var"],
        weights[f"{name}.weight"],
        weights[f"{name}.bias"],
        eps=eps,
    )


def _without_prefix(weights: dict[str, Any]) -> dict[str, Any]:
    """Take off what a parallel run puts before each name; numbers become float32."""
    return {
        name.removeprefix("module."): tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in weights.items()
        if hasattr(tensor, "is_floating_point")
    }
