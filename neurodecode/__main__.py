"""``python -m neurodecode`` is the ``neurodecode`` command."""

from neurodecode.cli import main

main()
