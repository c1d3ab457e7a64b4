"""Simulated data sets with a known answer: generative model, planted effect, best possible score."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any


class _Registry(Mapping[str, Callable[..., Any]]):
    """Simulators by name, imported when one is asked for."""

    _modules = {"motor_imagery": "simulate_motor_imagery"}  # noqa: RUF012

    def __getitem__(self, name: str) -> Callable[..., Any]:
        module = import_module(f"{__name__}.{name}")
        simulator: Callable[..., Any] = getattr(module, self._modules[name])
        return simulator

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


SIMULATORS: Mapping[str, Callable[..., Any]] = _Registry()
