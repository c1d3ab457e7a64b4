"""Features of sound, computed once and kept on disk."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from neurodecode.artefacts import (
    atomic_path,
    file_lock,
    read_json,
    sha256_file,
    sha256_text,
    write_json,
)
from neurodecode.faults import ConfigFault, DataFault, unknown
from neurodecode.stimuli import audio, waveform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurodecode.stimuli.encoder import SpeechEncoder

_DTYPES = ("float32", "float16")


class EmbeddingCache:
    """Encoded stretches of audio files, found again by what they were computed from.

    An entry is ``KEY.npy`` beside ``KEY.json``, which holds its size and SHA-256. The key is the
    SHA-256 of the audio's own SHA-256, the stretch, the number type, the encoder's settings and
    the source code of the encoder's module and of those that read and resample the audio: whatever
    changes the features changes the key. Files are written whole or not at all, under a
    lock per entry, so that several processes may share a folder. The size is compared whenever an
    entry is read and the SHA-256 once per object; an entry that fails is computed again.

    Parameters
    ----------
    folder : Path or str
        Created when the first entry is written.
    encoder : SpeechEncoder
    dtype : {"float32", "float16"}, default="float32"
        Number type on disk.

    Raises
    ------
    ConfigFault
        If ``dtype`` is another one.
    """

    def __init__(
        self,
        folder: Path | str,
        encoder: SpeechEncoder,
        dtype: Literal["float32", "float16"] = "float32",
    ) -> None:
        if dtype not in _DTYPES:
            raise ConfigFault(unknown("number type", dtype, _DTYPES))
        self.folder, self.encoder, self.dtype = Path(folder), encoder, dtype
        self._audio_hashes: dict[tuple[str, int, int], str] = {}
        self._checked: set[str] = set()
        modules = (inspect.getmodule(type(encoder)), audio, waveform)
        self._code = [sha256_text(inspect.getsource(module)) for module in modules if module]

    def get(
        self, path: Path | str, start: float = 0.0, stop: float | None = None
    ) -> tuple[NDArray[Any], float]:
        """Return the features of a stretch of an audio file.

        Parameters
        ----------
        path : Path or str
        start, stop : float
            Seconds from the beginning of the file, default all of it.

        Returns
        -------
        features : ndarray, shape (n_features, n_frames)
            Memory-mapped, read-only.
        frame_rate : float
            Frames divided by the duration of the stretch, as :func:`to_grid` expects.

        Raises
        ------
        DataFault
            If the audio cannot be used, or the features are not finite in the number type.
        DiskFault
            If the folder cannot be written.
        """
        source = self._source(Path(path), start, stop)
        key = sha256_text(json.dumps(source, sort_keys=True))
        found = self._open(key)
        if found is None:
            with file_lock(self.folder / f".{key}.lock"):
                found = self._open(key)  # another process may have been first
                if found is None:
                    self._compute(key, Path(path), source)
                    found = self._open(key)
        if found is None:
            raise DataFault("an entry just written cannot be read", where=str(self._array(key)))
        return found

    def _array(self, key: str) -> Path:
        return self.folder / f"{key}.npy"

    def _source(self, path: Path, start: float, stop: float | None) -> dict[str, Any]:
        """Return what an entry depends on."""
        return {
            "audio_sha256": self._audio_hash(path),
            "start": float(start),
            "stop": None if stop is None else float(stop),
            "dtype": self.dtype,
            "encoder": self.encoder.settings(),
            "code": self._code,
        }

    def _audio_hash(self, path: Path) -> str:
        try:
            status = path.stat()
        except OSError as error:
            raise DataFault("audio file not found", where=str(path)) from error
        identity = (str(path), status.st_size, status.st_mtime_ns)
        if identity not in self._audio_hashes:
            self._audio_hashes[identity] = sha256_file(path)
        return self._audio_hashes[identity]

    def _open(self, key: str) -> tuple[NDArray[Any], float] | None:
        """Return an entry, or None if it is absent or not what was written."""
        array = self._array(key)
        try:
            info = read_json(array.with_suffix(".json"))
            if array.stat().st_size != info["size"]:
                return None
            if key not in self._checked and sha256_file(array) != info["sha256"]:
                return None
            features = np.load(array, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, KeyError, TypeError):  # DataFault is a ValueError
            return None
        self._checked.add(key)
        return features, float(info["frame_rate"])

    def _compute(self, key: str, path: Path, source: dict[str, Any]) -> None:
        samples, rate = audio.read_audio(path, source["start"], source["stop"])
        features, _ = self.encoder.encode(samples, rate)
        with np.errstate(over="ignore"):
            stored = features.astype(self.dtype)
        if not np.isfinite(stored).all():
            fix = "store them as float32" if np.isfinite(features).all() else ""
            raise DataFault(f"features not finite as {self.dtype}", where=str(path), fix=fix)
        array = self._array(key)
        with atomic_path(array) as temporary, temporary.open("wb") as file:
            np.save(file, stored, allow_pickle=False)
        info = {
            "frame_rate": features.shape[1] / (len(samples) / rate),
            "size": array.stat().st_size,
            "sha256": sha256_file(array),
            "audio": path.name,
            **source,
        }
        write_json(array.with_suffix(".json"), info)
        self._checked.discard(key)
