"""Parts of a diffusion pipeline from a folder, the local cache or the hub.

Each part is loaded by a class that is named here. The pipeline's own list of classes
(``model_index.json``) is not followed: it can name any code, also code that lies in the folder.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurodecode.artefacts import read_json
from neurodecode.faults import DataFault, NetworkFault, package_missing
from neurodecode.stimuli.pretrained import hub_answers, load_tokenizer, read_tensors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

WEIGHTS = "diffusion_pytorch_model"
"""Name of the weights of a part that belongs to diffusers, without its ending."""
ENDINGS = ("json", "txt", "safetensors", "bin")
"""Kinds of files that are fetched."""


def pipeline_folder(name: str, parts: Sequence[str], optional: Sequence[str] = ()) -> Path:
    """Return the local folder of a pipeline, fetched from the hub if it is not here.

    Parameters
    ----------
    name : str
        A folder, or a name on the hub such as "shi-labs/versatile-diffusion".
    parts, optional : sequence of str
        Subfolders that are needed; that are taken where there are any.

    Raises
    ------
    ConfigFault
        If diffusers or transformers is not installed.
    DataFault
        If the folder is not there or lacks a part.
    NetworkFault
        If a name is not in the local cache and the hub cannot be reached; at once.
    """
    folder = Path(name).expanduser()
    if not folder.is_dir():
        if folder.is_absolute() or name.startswith((".", "~")) or name.count("/") != 1:
            raise DataFault("folder of a diffusion pipeline not found", where=name)
        folder = _fetch(name, parts, [*parts, *optional])
    missing = [part for part in parts if not (folder / part).is_dir()]
    if missing:
        raise DataFault(
            f"folder of a diffusion pipeline lacks {', '.join(missing)}",
            where=name,
            fix="put the subfolders of the pipeline's repository there",
        )
    return folder


def load_part(architecture: Any, folder: Path) -> Any:
    """Load a network of diffusers from its subfolder, frozen and in evaluation mode.

    Raises
    ------
    DataFault
        If a file is missing or damaged, or the weights are of another network.
    """
    _require(folder, "config.json")
    with _reading(folder):
        network, info = architecture.from_pretrained(
            str(folder), local_files_only=True, output_loading_info=True, low_cpu_mem_usage=False
        )
    _refuse_gaps(folder, info["missing_keys"], info.get("mismatched_keys") or [])
    return network.eval().requires_grad_(False)


def load_config(folder: Path) -> dict[str, Any]:
    """Read the configuration of a network.

    Raises
    ------
    DataFault
        If it is missing or damaged.
    """
    _require(folder, "config.json")
    with _reading(folder):
        config: dict[str, Any] = read_json(folder / "config.json")
    return config


def build_part(
    architecture: Any,
    config: Any,
    weights: dict[str, Any],
    folder: Path,
    prepare: Callable[[Any], None],
) -> Any:
    """Make a network of diffusers, change it, and fill it with weights, all of which must fit.

    Parameters
    ----------
    architecture : type
        A model class of diffusers.
    config : dict
    weights : dict of str to Tensor
        What the network does not have is left out.
    folder : Path
        Named in faults.
    prepare : callable
        Changes the network in place, before there are any weights.

    Raises
    ------
    DataFault
        If a parameter has no weights, or weights of another shape.
    """
    import torch

    with _reading(folder):
        with torch.device("meta"):
            network = architecture.from_config(config)
            prepare(network)
        shapes = {key: tensor.shape for key, tensor in network.state_dict().items()}
        wrong = [key for key, shape in shapes.items() if key in weights
                 and weights[key].shape != shape]  # fmt: skip
        _refuse_gaps(folder, sorted(set(shapes) - set(weights)), wrong)
        network.load_state_dict({key: weights[key] for key in shapes}, assign=True)
    return network.eval().requires_grad_(False)


def read_weights(folder: Path) -> dict[str, Any]:
    """Read the tensors of a part: safetensors, or a ``.bin`` without running code.

    Raises
    ------
    DataFault
        If there is no such file, or it is damaged.
    """
    safe, pickled = (folder / f"{WEIGHTS}.{end}" for end in ("safetensors", "bin"))
    if not safe.is_file():
        _require(folder, pickled.name, f"{safe.name} (or {pickled.name})")
    return read_tensors(safe if safe.is_file() else pickled)


def make_scheduler(folder: Path) -> Any:
    """Return a DDIM scheduler with the noise schedule of a pipeline's own scheduler.

    The estimate of the clean latent is not clipped: latents are not pictures.

    Raises
    ------
    DataFault
        If its configuration is missing or damaged.
    """
    from diffusers import DDIMScheduler

    _require(folder, "scheduler_config.json")
    with _reading(folder):
        architecture: Any = DDIMScheduler
        config = architecture.load_config(str(folder), local_files_only=True)
        return architecture.from_config(config, clip_sample=False)


def empty_text(folder: Path) -> Any:
    """Return the token numbers of an empty text, shape (1, n_tokens).

    Raises
    ------
    DataFault
        If the tokenizer's files are missing or damaged.
    """
    from transformers import CLIPTokenizer

    tokenizer = load_tokenizer(CLIPTokenizer, str(folder))
    found = tokenizer([""], padding="max_length", max_length=tokenizer.model_max_length,
                      truncation=True, return_tensors="pt")  # fmt: skip
    return found.input_ids


def require_packages(generator: str) -> None:
    """Raise ``ConfigFault`` if diffusers or transformers cannot be imported."""
    try:
        import diffusers  # noqa: F401
        import transformers  # noqa: F401
    except ModuleNotFoundError as error:
        raise package_missing(error, f"the generator {generator}") from error


def _fetch(name: str, needed: Sequence[str], parts: Sequence[str]) -> Path:
    from huggingface_hub import snapshot_download

    # Neither scripts nor weights of other frameworks.
    patterns = [f"{part}/*.{end}" for part in parts for end in ENDINGS]
    with suppress(OSError):  # not in the cache
        cached = Path(snapshot_download(name, allow_patterns=patterns, local_files_only=True))
        if all((cached / part).is_dir() for part in needed):
            return cached
    if not hub_answers():
        raise NetworkFault(
            f"diffusion pipeline '{name}' is not on this machine and the hub cannot be reached",
            fix=f"copy its subfolders {', '.join(parts)} into a folder and give the folder's path "
            "instead of the name",
        )
    try:
        return Path(snapshot_download(name, allow_patterns=patterns))
    except Exception as error:  # whatever the hub's client raises
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise NetworkFault(
            f"diffusion pipeline '{name}' cannot be fetched: {lines[0]}",
            fix="check its name on the hub",
        ) from error


def _require(folder: Path, file: str, said: str = "") -> None:
    if not (folder / file).is_file():
        raise DataFault(
            f"part of a diffusion pipeline lacks {said or file}",
            where=str(folder),
            fix="put the files of the pipeline's repository there",
        )


def _refuse_gaps(folder: Path, missing: Sequence[str], mismatched: Sequence[Any]) -> None:
    wrong = [*missing, *mismatched]
    if wrong:
        raise DataFault(
            f"{len(wrong)} parameters have no weights in the checkpoint, the first is {wrong[0]}",
            where=str(folder),
            fix="give a pipeline of the kind that this generator reads",
        )


@contextmanager
def _reading(folder: Path) -> Iterator[None]:
    """Turn whatever diffusers raises into a fault, and keep it from printing."""
    from diffusers.utils import logging

    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    except DataFault:
        raise
    except Exception as error:  # whatever safetensors, torch or diffusers raise
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise DataFault(
            f"part of a diffusion pipeline cannot be loaded: {lines[0]}",
            where=str(folder),
            fix="fetch its files again, and check that it is the right kind of pipeline",
        ) from error
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()
