"""One function to load any decoder; its kind is looked up among those the program knows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from neurodecode.decoder_folder import DESCRIPTION, describe_folder
from neurodecode.faults import DataFault, package_missing, unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from neurodecode.decoders.protocol import AnyDecoder, FileDecoder
    from neurodecode.streaming.protocol import TrialDecoder


def _load_image(folder: Path) -> TrialDecoder:
    from neurodecode.contrastive.image.decoder import ImageDecoder

    return ImageDecoder.load(folder)


def _load_acm(folder: Path) -> TrialDecoder:
    from neurodecode.riemann.decoder import ACMDecoder

    return ACMDecoder.load(folder)


def _load_mindbridge(folder: Path) -> FileDecoder:
    from neurodecode.mindbridge.decoder import BridgeDecoder

    return BridgeDecoder.load(folder)


def _load_emotion(folder: Path) -> TrialDecoder:
    from neurodecode.emotion.decoder import EmotionDecoder

    return EmotionDecoder.load(folder)


def _load_speech(folder: Path) -> TrialDecoder:
    from neurodecode.contrastive.speech.decoder import SpeechDecoder

    return SpeechDecoder.load(folder)


def _load_spikes(folder: Path) -> FileDecoder:
    from neurodecode.spikes.decoder import SpikeDecoder

    return SpikeDecoder.load(folder)


def _load_adhd(folder: Path) -> FileDecoder:
    from neurodecode.connectome.decoder import ADHDDecoder

    return ADHDDecoder.load(folder)


def _load_mci(folder: Path) -> FileDecoder:
    from neurodecode.morphometry.decoder import MCIDecoder

    return MCIDecoder.load(folder)


KINDS: dict[str, Callable[[Path], AnyDecoder]] = {
    "acm": _load_acm,
    "adhd": _load_adhd,
    "emotion": _load_emotion,
    "image": _load_image,
    "mci": _load_mci,
    "mindbridge": _load_mindbridge,
    "speech": _load_speech,
    "spikes": _load_spikes,
}
"""Loader of each kind of decoder. A new kind is an entry here, never a path in a file."""


def load_decoder(folder: Path | str) -> AnyDecoder:
    """Return the decoder of a folder, as ``reports/image/demo/model/contrastive.seed-1/decoder``.

    Nothing in the folder is run: weights are safetensors, estimators skops of types
    that are trusted by name, everything else is JSON.

    Parameters
    ----------
    folder : path
        With ``decoder.json``.

    Returns
    -------
    TrialDecoder or FileDecoder
        For the kind "acm" an :class:`~neurodecode.riemann.decoder.ACMDecoder`, for "adhd" an
        :class:`~neurodecode.connectome.decoder.ADHDDecoder`, for "emotion" an
        :class:`~neurodecode.emotion.decoder.EmotionDecoder`, for "image" an
        :class:`~neurodecode.contrastive.image.decoder.ImageDecoder`, for "mci" an
        :class:`~neurodecode.morphometry.decoder.MCIDecoder`, for "mindbridge" a
        :class:`~neurodecode.mindbridge.decoder.BridgeDecoder`, for "speech" a
        :class:`~neurodecode.contrastive.speech.decoder.SpeechDecoder`, for "spikes" a
        :class:`~neurodecode.spikes.decoder.SpikeDecoder`.

    Raises
    ------
    DataFault
        See :func:`~neurodecode.decoder_folder.open_folder`; also if the kind is unknown.
    ConfigFault
        If a package that the kind needs is not installed.
    """
    folder = Path(folder)
    kind = describe_folder(folder).kind
    if kind not in KINDS:
        raise DataFault(
            unknown("kind of decoder", kind, KINDS),
            where=str(folder / DESCRIPTION),
            fix="update neurodecode, or take a folder that one of its runs wrote",
        )
    try:
        return KINDS[kind](folder)
    except ModuleNotFoundError as error:
        raise package_missing(error, f"the {kind} decoder") from error
