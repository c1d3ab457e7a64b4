"""Names of the programs that are timed, as the report shows them."""

OURS, PLAIN, RIVAL = "ours", "plain", "EEGNet"
"""HiSTN, the same step by step, and the network that it was compared with."""
