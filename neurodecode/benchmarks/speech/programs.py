"""Names of the programs that are timed, as the report shows them."""

from __future__ import annotations

OURS = "ours"
PEER = "plain"
"""The straightforward brain module."""
PROGRAMS = (OURS, "our attention", "our convolutions", PEER)
"""In the order of a round: all we have, one part of ours in the peer, the peer."""
FROM_FILE, LOADED = "MNE, from the file", "MNE, loaded"
READERS = (FROM_FILE, LOADED)
"""Peers that read windows: samples left in the file, or in memory beforehand."""
