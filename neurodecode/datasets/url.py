"""Files by HTTP: resumed where they broke off, checked at the end, never half under their name."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from neurodecode.artefacts import sha256_file
from neurodecode.datasets.network import online
from neurodecode.datasets.sniff import looks_like_page, sniff
from neurodecode.faults import DataFault, DiskFault, Fault, NetworkFault

if TYPE_CHECKING:
    from requests import Response

_CHUNK = 1 << 16
_GONE = (401, 403, 404, 410, 451)


def fetch_url(
    url: str,
    target: Path | str,
    *,
    sha256: str | None = None,
    timeout: tuple[float, float] = (5.0, 30.0),
    attempts: int = 4,
    pause: float = 1.0,
    progress: bool | None = None,
) -> Path:
    """Fetch one file over HTTP and return its path; a present, matching file is left alone.

    A broken transfer stays beside the target as ``.NAME.partial`` and is continued by the next
    attempt or the next call (HTTP Range, RFC 9110 section 14).

    Parameters
    ----------
    url : str
        ``http`` or ``https`` address.
    target : Path or str
        Final file name; it appears only when the file is whole and checked.
    sha256 : str, default None
        Published SHA-256; None skips the comparison.
    timeout : (float, float), default (5, 30)
        Seconds to connect, and to wait for the next bytes.
    attempts : int, default 4
        Transfers tried before giving up.
    pause : float, default 1.0
        Seconds before the second attempt; doubled each time.
    progress : bool, default None
        Show a progress bar; None shows it on a terminal.

    Raises
    ------
    DataFault
        If the answer is an error page, of another kind than its name says, or has another SHA-256.
    NetworkFault
        If the server cannot be reached or refuses.
    """
    import pooch

    target = Path(target)
    if urlsplit(url).scheme not in ("http", "https"):
        raise DataFault("only http and https addresses are fetched", where=url)
    if target.is_file() and (sha256 is None or sha256_file(target) == sha256):
        return target
    require_online(url)
    pooch.get_logger().setLevel("WARNING")
    download = ResumingDownloader(
        target, timeout=timeout, attempts=attempts, pause=pause, progress=progress
    )
    try:
        pooch.retrieve(
            url, _known(sha256), fname=target.name, path=target.parent, downloader=download
        )
    except ValueError as error:  # pooch: the hash differs
        raise _bad_checksum(url, target, str(error)) from error
    except OSError as error:
        raise DiskFault(f"cannot write: {error}", where=str(target)) from error
    return target


def require_online(url: str) -> None:
    """Raise NetworkFault at once where the server of ``url`` does not answer."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not online(host, port=parts.port or (443 if parts.scheme == "https" else 80)):
        raise NetworkFault(f"no network, or {host} does not answer", where=url)


class ResumingDownloader:
    """A downloader for pooch that keeps a broken transfer and continues it.

    Parameters
    ----------
    target : Path
        Final name; the bytes that arrived are kept beside it as ``.NAME.partial``.
    timeout : (float, float)
        Seconds to connect, and to wait for the next bytes.
    attempts : int
        Transfers tried.
    pause : float
        Seconds before the second attempt, doubled each time.
    progress : bool or None
        Show a progress bar; None shows it on a terminal.
    """

    def __init__(
        self,
        target: Path,
        *,
        timeout: tuple[float, float] = (5.0, 30.0),
        attempts: int = 4,
        pause: float = 1.0,
        progress: bool | None = None,
    ) -> None:
        self.name, self.partial = target.name, target.with_name(f".{target.name}.partial")
        self.timeout, self.attempts, self.pause = timeout, attempts, pause
        self.progress = sys.stderr.isatty() if progress is None else progress

    def __call__(self, url: str, output_file: Any, _: Any, check_only: bool = False) -> None:
        """Download ``url`` to ``output_file``, as pooch asks.

        Raises
        ------
        NetworkFault
            After the last attempt, or at once where the server says the file is not there.
        """
        import requests

        if check_only:
            raise NotImplementedError("this downloader only downloads")
        problem: Exception | None = None
        for attempt in range(self.attempts):
            time.sleep(self.pause * 2 ** (attempt - 1) if attempt else 0)
            try:
                self._transfer(url)
            except (requests.RequestException, _Short) as error:
                problem = error
            else:
                self._check()
                self.partial.replace(output_file)
                return
        raise NetworkFault(
            f"transfer broke off {self.attempts} times ({type(problem).__name__})",
            where=url,
            fix="run the command again, it continues where it stopped",
        ) from problem

    def _check(self) -> None:
        try:
            sniff(self.partial, name=self.name)
        except Fault:
            self.partial.unlink()
            raise

    def _transfer(self, url: str) -> None:
        import requests

        have = self.partial.stat().st_size if self.partial.exists() else 0
        # Compressed transfers cannot be continued by byte, so none is accepted.
        headers = {"Accept-Encoding": "identity", "User-Agent": "neurodecode"}
        if have:
            headers["Range"] = f"bytes={have}-"
        with requests.get(url, headers=headers, stream=True, timeout=self.timeout) as answer:
            if answer.status_code == 416:  # nothing after what we have: whole already, or stale
                if _total(answer) != have:
                    self.partial.unlink()
                    raise _Short
                return
            _check_status(url, answer)
            if answer.status_code == 206 and _first_byte(answer) != have:
                self.partial.unlink()
                raise _Short
            self._receive(url, answer, have if answer.status_code == 206 else 0)

    def _receive(self, url: str, answer: Response, start: int) -> None:
        from rich.console import Console
        from rich.progress import Progress

        length = answer.headers.get("Content-Length")
        whole = start + int(length) if length else None
        bar = Progress(console=Console(stderr=True), disable=not self.progress, transient=True)
        with bar, self.partial.open("ab" if start else "wb") as file:
            task = bar.add_task(self.name, total=whole, completed=start)
            for chunk in answer.iter_content(_CHUNK):
                if file.tell() == 0 and looks_like_page(chunk[:512]) and not _is_page(url):
                    file.close()
                    self.partial.unlink()
                    raise DataFault("error page, not data", where=url, fix="open it in a browser")
                file.write(chunk)
                bar.advance(task, len(chunk))
        if whole is not None and self.partial.stat().st_size < whole:
            raise _Short


class _Short(Exception):
    """Fewer bytes came than were announced."""


def _check_status(url: str, answer: Response) -> None:
    if answer.status_code in _GONE:
        raise NetworkFault(
            f"server answered {answer.status_code} {answer.reason}",
            where=url,
            fix="check the address in a browser; the file may have moved or need a login",
        )
    answer.raise_for_status()


def _first_byte(answer: Response) -> int:
    found = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    return int(found[1]) if found else -1


def _total(answer: Response) -> int:
    found = re.search(r"/(\d+)$", answer.headers.get("Content-Range", ""))
    return int(found[1]) if found else -1


def _is_page(url: str) -> bool:
    return urlsplit(url).path.endswith((".html", ".htm", ".xml", ".svg"))


def _known(sha256: str | None) -> str | None:
    return f"sha256:{sha256}" if sha256 else None


def _bad_checksum(url: str, target: Path, message: str) -> DataFault:
    found = re.findall(r"[0-9a-f]{64}", message)
    told = (
        f"SHA-256 {found[1][:12]}..., expected {found[0][:12]}..." if len(found) == 2 else message
    )
    where = f"{url} -> {target}"
    return DataFault(f"not the published file: {told}", where=where, fix="nothing was kept; retry")
