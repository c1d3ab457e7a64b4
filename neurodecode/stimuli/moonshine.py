"""Moonshine: the encoder of a small speech recogniser that comes inside a Python package."""

from __future__ import annotations

from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.artefacts import sha256_file
from neurodecode.faults import ConfigFault, DataFault
from neurodecode.stimuli.waveform import check_waveform, resample

if TYPE_CHECKING:
    from numpy.typing import NDArray

SFREQ = 16_000.0
PACKAGE = "moonshine-voice"
_ENCODER = "moonshine_voice/assets/tiny-en/encoder_model.ort"

_STEP = 384  # samples between frames: strides 64, 3 and 2
_HEADS = 8
_FIELD = 895  # samples that one frame sees: 127 + 64 * 6 + 192 * 2


class Moonshine:
    """Last hidden state of Moonshine tiny's encoder, for English.

    The network reads the waveform at 16 kHz through three convolutions (kernels 127, 7, 3, strides
    64, 3, 2), so that no spectrogram is needed, then six transformer blocks that attend to the
    whole chunk. It was trained on stretches of up to 30 s: encode chunks of about that length.

    Parameters
    ----------
    n_threads : int, default=1
        Threads of onnxruntime. Output is the same to the last bit with the same number.
    limit_gib : float, default=8.0
        Largest estimated working memory of a chunk.

    Raises
    ------
    ConfigFault
        If ``moonshine-voice`` or ``onnxruntime`` is not installed, or the package's version has
        the file elsewhere.

    References
    ----------
    Jeffries et al. 2024, Moonshine: Speech Recognition for Live Transcription and Voice Commands,
    arXiv:2410.15608.
    """

    n_features = 288
    frame_rate = SFREQ / _STEP
    default = 0.0

    def __init__(self, n_threads: int = 1, limit_gib: float = 8.0) -> None:
        if n_threads < 1:
            raise ConfigFault(f"{n_threads} threads", fix="give 1 or more")
        self.n_threads, self.limit_gib = int(n_threads), float(limit_gib)
        self._file = find_encoder()
        self._session = _open_session(self._file, self.n_threads)

    def settings(self) -> dict[str, Any]:
        """Return what changes the output."""
        import onnxruntime

        return {
            "encoder": "moonshine",
            "weights": self._weights,
            "n_threads": self.n_threads,
            "onnxruntime": onnxruntime.__version__,
        }

    @cached_property
    def _weights(self) -> str:
        return sha256_file(self._file)

    def encode(
        self, samples: NDArray[Any], sfreq: float
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Return the hidden state (288, n_frames) and the centres of frames in seconds.

        Raises
        ------
        DataFault
            If the sound is not usable, shorter than a frame (56 ms), or so long that the memory
            for it would exceed the limit.
        """
        samples = check_waveform(samples, sfreq, shortest=_FIELD / SFREQ)
        samples = resample(samples, sfreq, SFREQ)
        self._require_memory(len(samples))
        mask = np.ones((1, len(samples)), dtype=np.int64)
        inputs = {"input_values": samples[None], "attention_mask": mask}
        (hidden,) = self._session.run(["last_hidden_state"], inputs)
        features = np.ascontiguousarray(hidden[0].T, dtype=np.float32)
        times = (np.arange(features.shape[1], dtype=np.float64) * _STEP + _FIELD / 2) / SFREQ
        return features, times

    def _require_memory(self, n_samples: int) -> None:
        """Refuse a chunk whose attention (scores and their softmax) would not fit."""
        gib = 4 * 2 * _HEADS * (n_samples // _STEP) ** 2 / 2**30
        if gib > self.limit_gib:
            raise DataFault(
                f"a chunk of {n_samples / SFREQ:.0f} s would take about {gib:.1f} GiB in "
                f"moonshine, more than the limit of {self.limit_gib:g} GiB",
                fix="encode shorter chunks, or raise limit_gib",
            )


def find_encoder() -> Path:
    """Return the encoder's file among those the package installed; the package is not imported.

    Raises
    ------
    ConfigFault
        If the package is not installed, or has no such file.
    """
    fix = "pip install 'neurodecode[speech]'"
    try:
        files = metadata.files(PACKAGE) or []
    except metadata.PackageNotFoundError as error:
        raise ConfigFault(f"the encoder moonshine needs {PACKAGE}", fix=fix) from error
    for file in files:
        if file.as_posix() == _ENCODER:
            return Path(str(file.locate()))
    version = metadata.version(PACKAGE)
    raise ConfigFault(f"{PACKAGE} {version} has no {_ENCODER}", fix=fix)


def _open_session(file: Path, n_threads: int) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        fix = "pip install 'neurodecode[speech]'"
        raise ConfigFault("the encoder moonshine needs onnxruntime", fix=fix) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 4  # faults are raised, not printed
    try:
        return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has an exception type per status
        raise DataFault(
            f"network cannot be loaded: {str(error).splitlines()[0]}",
            where=str(file),
            fix=f"pip install --force-reinstall {PACKAGE}==0.0.49",
        ) from error
