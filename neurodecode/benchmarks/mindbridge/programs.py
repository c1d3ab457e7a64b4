"""Names of the programs that are timed, as the report shows them."""

OURS, PEER = "ours", "plain"
