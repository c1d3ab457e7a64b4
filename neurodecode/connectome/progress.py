"""How far a long computation is, told to the caller or drawn as a bar."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Progress = Callable[[int, int], None]
"""Called with (parts done, parts in all; 0 where their number is not known)."""


@contextmanager
def told(progress: Progress | bool | None, title: str) -> Iterator[Progress]:
    """Yield what to call after each part.

    Parameters
    ----------
    progress : callable or bool, optional
        Called with (parts done, parts in all); True draws a bar on a terminal, and nothing in logs.
    title : str
        Stands before the bar.
    """
    if callable(progress):
        yield progress
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    with Bar(
        console=console, transient=True, disable=not (progress and console.is_terminal)
    ) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)
