"""Scores of decoded ratings by the names of this room; all: ``neurodecode.evaluation.ordinal``."""

from __future__ import annotations

from neurodecode.evaluation.ordinal import sequential_top2_hit_rate

__all__ = ["sequential_top2_hit_rate"]
