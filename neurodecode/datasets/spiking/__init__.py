"""Spike trains of populations, with stimulus and behaviour: public data sets, files and objects.

Every loader is called as ``read_recordings(root, subject, **options)`` and returns one
:class:`~neurodecode.datasets.spiking.recording.SpikeSession` per session of the subject.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurodecode.datasets.loaders import lazy_reader, named_loader

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from neurodecode.datasets.spiking.recording import SpikeSession


def _reader(module: str) -> Callable[..., list[SpikeSession]]:
    return lazy_reader(__name__, module)


def _read_local(root: Path, subject: str, **options: Any) -> list[SpikeSession]:
    """Read NWB files where the subject's folder holds any, else plain arrays."""
    is_nwb = bool(nwb_files(root, subject.removeprefix("sub-")))
    return _reader("nwb" if is_nwb else "arrays")(root, subject, **options)


def nwb_files(root: Path, subject: str) -> list[Path]:
    """Return a subject's NWB files, in a folder of its own or beside those of others."""
    patterns = (f"sub-{subject}/*.nwb", f"sub-{subject}.nwb", f"sub-{subject}_*.nwb")
    return sorted(path for pattern in patterns for path in root.glob(pattern))


SPIKING: dict[str, Callable[..., list[SpikeSession]]] = {
    "MC-Maze": _reader("nwb"),
    "V1AL": _reader("v1al"),
    "cockroach-antennal-lobe": _reader("cockroach"),
    "hippocampus-nelpy": _reader("nelpy"),
    "local": _read_local,
    "nwb": _reader("nwb"),
    "simulated-circuit": _reader("arrays"),
    "simulated-spiking": _reader("arrays"),
    "simulated-track": _reader("arrays"),
    "songbird-hvc": _reader("songbird"),
    "visnav": _reader("visnav"),
}
"""Loaders by card name: ``SPIKING[name](root, subject, **options)``; "nwb" is a folder of NWB
files, "local" the same or plain arrays, by what it holds.

The options are the keyword-only arguments of ``read_recordings`` in the loader's module.
"""


def spiking_loader(name: str) -> Callable[..., list[SpikeSession]]:
    """Return the loader of a data set by the name of its card.

    Raises
    ------
    ConfigFault
        If no loader has this name, with the nearest one.
    """
    return named_loader(name, SPIKING, kind="spiking")
