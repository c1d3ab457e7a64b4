"""Pretrained networks from a folder, the local cache of transformers, or its hub."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from neurodecode.artefacts import sha256_text
from neurodecode.faults import DataFault, NetworkFault

if TYPE_CHECKING:
    from collections.abc import Iterator

_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin")
_WORDS = (("tokenizer.json",), ("vocab.json", "merges.txt"))
_WORDS_FIX = "put vocab.json and merges.txt (or tokenizer.json) beside the weights"
_TRUE = ("1", "true", "yes", "on")
_QUICK = 2.0  # seconds for the hub to answer before it counts as out of reach


def load_pretrained(architecture: Any, name: str, *, optional: tuple[str, ...] = ()) -> Any:
    """Load a frozen network in evaluation mode.

    Weights are read from safetensors, or from a ``pytorch_model.bin`` with
    ``torch.load(weights_only=True)``, which runs no code.

    Parameters
    ----------
    architecture : type
        A model class of transformers.
    name : str
        A folder with ``config.json`` and the weights, or a name on the hub such as
        "facebook/wav2vec2-large-xlsr-53"; the hub is asked only if the local cache lacks it.
    optional : tuple of str
        Parameters that the checkpoint may lack because inference does not use them.

    Raises
    ------
    DataFault
        If the folder lacks a file, or the weights are damaged or of another architecture.
    NetworkFault
        If a name is not in the local cache and the hub cannot be reached; at once.
    """
    local = _is_folder(name)
    if not local and not _is_cached(name):
        _require_hub(name)
        return _load(architecture, name, optional, local_files_only=False)
    return _load(architecture, name, optional, local_files_only=True)


def read_tensors(file: Path) -> dict[str, Any]:
    """Read the tensors of a ``.safetensors`` file, or of a pickled one without running code.

    Raises
    ------
    DataFault
        If the file is damaged, or holds more than tensors by name.
    """
    import torch
    from safetensors.torch import load_file

    try:
        if file.suffix == ".safetensors":
            return dict(load_file(file))
        return dict(torch.load(file, map_location="cpu", weights_only=True))
    except Exception as error:  # whatever safetensors, pickle or torch raise
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise DataFault(
            f"weights cannot be read: {lines[0]}", where=str(file), fix="fetch the file again"
        ) from error


def weights_hash(model: Any) -> str:
    """Return the SHA-256 over names, types, shapes and bytes of all parameters and buffers.

    Parameters
    ----------
    model : torch.nn.Module, or dict of str to tensor
    """
    import torch

    state = model if isinstance(model, dict) else model.state_dict()
    digest = hashlib.sha256()
    for key, tensor in sorted(state.items()):
        array = tensor.detach().cpu().contiguous()
        digest.update(f"{key} {array.dtype} {tuple(array.shape)}".encode())
        digest.update(array.flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def config_hash(config: Any) -> str:
    """Return the SHA-256 of a configuration without what does not change the output."""
    content = {
        key: value
        for key, value in config.to_dict().items()
        if key not in ("transformers_version", "_name_or_path", "dtype", "torch_dtype")
    }
    return sha256_text(repr(sorted(content.items())))


def load_tokenizer(architecture: Any, name: str) -> Any:
    """Load a tokenizer of transformers, of a network that was loaded before.

    Parameters
    ----------
    architecture : type
        A tokenizer class of transformers.
    name : str
        As for :func:`load_pretrained`.

    Raises
    ------
    DataFault
        If its files are missing or damaged.
    """
    if not any(all(pretrained_file(name, file) for file in files) for files in _WORDS):
        # transformers would make up a tokenizer that knows no words.
        raise DataFault("the pretrained model has no tokenizer", where=name, fix=_WORDS_FIX)
    try:
        with _quiet():
            if Path(name).expanduser().is_dir():
                return architecture.from_pretrained(str(Path(name).expanduser()))
            return architecture.from_pretrained(name, local_files_only=not hub_answers())
    except Exception as error:  # whatever tokenizers or transformers raise
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise DataFault(
            f"tokenizer cannot be loaded: {lines[0]}",
            where=name,
            fix=_WORDS_FIX,
        ) from error


def pretrained_file(name: str, file: str) -> Path | None:
    """Return the path of one file of a pretrained model, or None if the model has none.

    Parameters
    ----------
    name : str
        A folder, or a name on the hub; the hub is asked only if the local cache lacks the file.
    file : str
        Such as "preprocessor_config.json".
    """
    from huggingface_hub import hf_hub_download, try_to_load_from_cache
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder / file if (folder / file).is_file() else None
    try:
        found = try_to_load_from_cache(name, file)
        if found is None and hub_answers():
            found = hf_hub_download(name, file)
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError):
        return None
    return Path(found) if isinstance(found, str) else None


def _is_folder(name: str) -> bool:
    """Tell a folder from a name on the hub, and check what the folder holds."""
    folder = Path(name).expanduser()
    if not folder.is_dir():
        if folder.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1:
            raise DataFault("folder of a pretrained model not found", where=name)
        return False
    missing = [] if (folder / "config.json").is_file() else ["config.json"]
    if not any((folder / file).is_file() for file in _WEIGHTS):
        missing.append(f"{_WEIGHTS[0]} (or {_WEIGHTS[2]})")
    if missing:
        raise DataFault(
            f"folder of a pretrained model lacks {' and '.join(missing)}",
            where=name,
            fix="put the files of the model's repository there",
        )
    return True


def _is_cached(name: str) -> bool:
    from huggingface_hub import try_to_load_from_cache

    files = ("config.json", *_WEIGHTS)
    config, *weights = (isinstance(try_to_load_from_cache(name, file), str) for file in files)
    return config and any(weights)


def _require_hub(name: str) -> None:
    """Ask the hub once: its own client retries for half a minute."""
    if not hub_answers():
        raise NetworkFault(
            f"pretrained model '{name}' is not on this machine and the hub cannot be reached",
            fix="copy its config.json and model.safetensors (or pytorch_model.bin) into a folder "
            "and give the folder's path instead of the name",
        )


def hub_answers() -> bool:
    """Tell whether the hub answers within two seconds; never when asked to stay offline."""
    if any(
        os.environ.get(v, "").lower() in _TRUE for v in ("NEURODECODE_OFFLINE", "HF_HUB_OFFLINE")
    ):
        return False
    address = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    try:
        urlopen(Request(address, method="HEAD"), timeout=_QUICK).close()  # noqa: S310 (https)
    except HTTPError:
        return True
    except (OSError, ValueError):
        return False
    return True


def _load(
    architecture: Any, name: str, optional: tuple[str, ...], *, local_files_only: bool
) -> Any:
    path = str(Path(name).expanduser()) if Path(name).expanduser().is_dir() else name
    try:
        with _quiet():
            model, info = architecture.from_pretrained(
                path, local_files_only=local_files_only, output_loading_info=True, dtype="float32"
            )
    except Exception as error:  # whatever safetensors, torch or transformers raise
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise DataFault(
            f"pretrained model cannot be loaded: {lines[0]}",
            where=name,
            fix="fetch its files again, and check that it is the right kind of model",
        ) from error
    missing = sorted(set(info["missing_keys"]) - set(optional))
    if missing or info["mismatched_keys"]:
        first = missing[0] if missing else sorted(map(str, info["mismatched_keys"]))[0]
        count = len(missing) + len(info["mismatched_keys"])
        raise DataFault(
            f"{count} parameters have no weights in the checkpoint, the first is {first}",
            where=name,
            fix=f"give a checkpoint of a {architecture.__name__}",
        )
    return model.eval().requires_grad_(False)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers from printing: what matters is checked and raised here."""
    logging = import_module("transformers.utils.logging")
    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()
