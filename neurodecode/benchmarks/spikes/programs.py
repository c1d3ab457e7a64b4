"""Names of the programs that are timed, as the report shows them."""

SINGLE, BATCHED = "ours, one window at a time", "ours, windows together"
"""Writing with kept keys and values."""
WHOLE, PREFIX = "a pass per token", "a pass per token, of the tokens so far"
"""Peers that write one window at a time: the whole block as the released code, or no padding."""
FUSED, MAPS = "ours", "maps"
"""Training with fused attention, and with its maps computed in full."""
