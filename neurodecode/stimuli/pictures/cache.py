"""Embeddings of pictures, computed once and kept on disk."""

from __future__ import annotations

import inspect
import json
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.artefacts import sha256_file, sha256_text, write_json
from neurodecode.faults import DataFault, DiskFault
from neurodecode.stimuli.pictures.files import read_picture, require_present
from neurodecode.stimuli.pictures.shards import ShardFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from neurodecode.stimuli.pictures.encoder import PictureEncoder

_SHARD_ROWS, _SHARD_BYTES = 128, 2**26  # what a killed process loses at most
_BATCH_ROWS, _BATCH_BYTES = 32, 2**28  # pictures that are in memory at once
_GIB = 2**30
_ATTEMPTS = 4  # another process may rearrange the files between two looks
_UNSEEN = np.zeros((0, 0, 3), dtype=np.uint8)  # in place of pictures an encoder does not read


class PictureCache:
    """Encoded pictures, found again by what they were computed from.

    A row's key is the SHA-256 of the picture's file, or of its label for an encoder of text; the
    name of the folder it lies in is that of the encoder's settings and of the source code of its
    module and of those of this package that it uses. So whatever changes an embedding
    changes its place, and a picture under two names is encoded once. Rows lie some hundred to a
    file, see :class:`~neurodecode.stimuli.pictures.shards.ShardFolder`; several processes may
    share a folder, and a process that is killed loses at most the file it was computing.

    Parameters
    ----------
    folder : Path or str
        Created when the first picture is encoded; holds one folder per encoder.
    encoder : PictureEncoder
    limit_gib : float, default=2.0
        Larger results are returned as a memory map, and lie on disk in the order asked for.
    """

    def __init__(self, folder: Path | str, encoder: PictureEncoder, limit_gib: float = 2.0) -> None:
        self.encoder, self.limit_gib = encoder, float(limit_gib)
        self._description = {"settings": encoder.settings(), "code": source_hashes(encoder)}
        key = sha256_text(json.dumps(self._description, sort_keys=True))
        self.folder = Path(folder) / f"{self._description['settings']['encoder']}-{key[:16]}"
        self._shards = ShardFolder(self.folder, encoder.shape)
        self._file_hashes: dict[tuple[str, int, int], str] = {}

    def get(
        self,
        root: Path | str,
        images: Sequence[str],
        labels: Sequence[str] | None = None,
        *,
        progress: bool = True,
    ) -> NDArray[np.float32]:
        r"""Return the embeddings of pictures, encoding those that are not there yet.

        Parameters
        ----------
        root : Path or str
            Folder of the pictures; an encoder of text does not look at it.
        images : sequence of str
            Picture files relative to it; one may stand more than once.
        labels : sequence of str, default None
            Name of what each picture shows; encoders of text need it.
        progress : bool, default=True
            Whether to show a bar while encoding, if standard error is a terminal.

        Returns
        -------
        ndarray of float32, shape (n_images, \*encoder.shape)
            In memory, or a read-only memory map above the limit.

        Raises
        ------
        DataFault
            If there is no picture, one is missing or cannot be read, a label is missing, or an
            embedding is not finite.
        DiskFault
            If the folder cannot be written, or what is to be encoded would not fit.
        """
        names = [str(image) for image in images]
        texts = self._texts(names, labels)
        keys = self._keys(Path(root), names, texts)
        sources = {
            key: (Path(root) / name, text)
            for key, name, text in zip(keys, names, texts, strict=True)
        }
        for _ in range(_ATTEMPTS):
            missing = self._shards.missing(keys)
            if not missing:
                break
            self._fill(missing, sources, progress=progress)
        else:
            raise DataFault("embeddings just written cannot be read", where=str(self.folder))
        if len(keys) * self._shards.row_bytes > self.limit_gib * _GIB:
            return self._shards.map(keys)
        return self._shards.gather(keys)

    def _texts(self, names: list[str], labels: Sequence[str] | None) -> list[str]:
        if not names:
            raise DataFault("no picture to encode")
        texts = [str(label) for label in labels] if labels is not None else [""] * len(names)
        if len(texts) != len(names):
            raise DataFault(f"{len(texts)} labels for {len(names)} pictures")
        if self.encoder.reads_labels and "" in texts:
            raise DataFault(
                f"the encoder {self._name} reads what a picture is called, and one has no label",
                where=names[texts.index("")],
                fix="choose an encoder of pictures, or data with categories",
            )
        return texts

    def _keys(self, root: Path, names: list[str], texts: list[str]) -> list[str]:
        if self.encoder.reads_labels:
            return [sha256_text(text) for text in texts]
        require_present(root, names)
        hashes = {name: self._file_hash(root / name) for name in dict.fromkeys(names)}
        return [hashes[name] for name in names]

    def _file_hash(self, path: Path) -> str:
        status = path.stat()
        identity = (str(path), status.st_size, status.st_mtime_ns)
        if identity not in self._file_hashes:
            self._file_hashes[identity] = sha256_file(path)
        return self._file_hashes[identity]

    def _fill(
        self, keys: list[str], sources: Mapping[str, tuple[Path, str]], *, progress: bool
    ) -> None:
        """Encode shard after shard; the lock is let go between, so that processes take turns."""
        self._require_space(len(keys))
        n_rows = max(1, min(_SHARD_ROWS, _SHARD_BYTES // self._shards.row_bytes))
        with _bar(f"{self._name} of pictures", len(keys), shown=progress) as advance:
            while keys:
                with self._shards.lock():
                    still = self._shards.missing(keys)
                    if still:
                        rows = self._encode([sources[key] for key in still[:n_rows]])
                        self._shards.write(still[:n_rows], rows)
                        self._describe()
                advance(len(keys) - len(still[n_rows:]))
                keys = still[n_rows:]

    def _encode(self, sources: Sequence[tuple[Path, str]]) -> NDArray[np.float32]:
        rows = np.empty((len(sources), *self.encoder.shape), dtype=np.float32)
        start = 0
        for pictures, labels in _batches(sources, read=not self.encoder.reads_labels):
            stop = start + len(labels)
            rows[start:stop] = self.encoder.encode(pictures, labels)
            start = stop
        finite = np.isfinite(rows.reshape(len(rows), -1)).all(axis=1)
        if not finite.all():
            file, label = sources[int(np.argmin(finite))]
            raise DataFault(f"embedding by {self._name} is not finite", where=label or str(file))
        return rows

    @property
    def _name(self) -> str:
        return str(self._description["settings"]["encoder"])

    def _describe(self) -> None:
        """Write for people what the folder's name stands for."""
        file = self.folder.with_suffix(".json")
        if not file.exists():
            write_json(file, self._description)

    def _require_space(self, n_rows: int) -> None:
        folder = next(path for path in self.folder.absolute().parents if path.is_dir())
        need, free = n_rows * self._shards.row_bytes, shutil.disk_usage(folder).free
        if need > free:
            raise DiskFault(
                f"{n_rows} embeddings by {self._name} take {need / _GIB:.1f} GiB, "
                f"{free / _GIB:.1f} GiB are free",
                where=str(folder),
                fix="free space, choose another folder, or an encoder with a smaller output",
            )


def source_hashes(encoder: PictureEncoder) -> dict[str, str]:
    """Return the SHA-256 of the source code an encoder runs, by module.

    That is the module of its class and, one after the other, those of ``neurodecode.stimuli``
    whose functions and classes such a module has imported.
    """
    found: dict[str, str] = {}
    names = [type(encoder).__module__]
    while names:
        name = names.pop()
        if name not in found:
            module = sys.modules[name]
            found[name] = sha256_text(inspect.getsource(module))
            imported = {_home(value) for value in vars(module).values()}
            names += [home for home in imported if home.startswith("neurodecode.stimuli.")]
    return dict(sorted(found.items()))


def _home(value: Any) -> str:
    name = value.__name__ if inspect.ismodule(value) else getattr(value, "__module__", "")
    return name if isinstance(name, str) else ""


def _batches(
    sources: Sequence[tuple[Path, str]], *, read: bool
) -> Iterator[tuple[list[NDArray[np.uint8]], list[str]]]:
    """Read pictures a few at a time: photographs are large, embeddings are small."""
    pictures: list[NDArray[np.uint8]] = []
    labels: list[str] = []
    for file, label in sources:
        pictures.append(read_picture(file) if read else _UNSEEN)
        labels.append(label)
        if len(labels) == _BATCH_ROWS or sum(p.nbytes for p in pictures) > _BATCH_BYTES:
            yield pictures, labels
            pictures, labels = [], []
    if labels:
        yield pictures, labels


@contextmanager
def _bar(title: str, total: int, *, shown: bool) -> Iterator[Callable[[int], None]]:
    """Show a progress bar on a terminal; in logs and tests there is none."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    silent = not (shown and console.is_terminal)
    with Progress(console=console, transient=True, disable=silent) as bar:
        task = bar.add_task(title, total=total)
        yield lambda count: bar.advance(task, count)
