"""``python -m neurodecode`` is the ``neurodecode`` command."""

import sys

from neurodecode.workflow.warm import ask

code = ask(sys.argv[1:])
if code is None:
    from neurodecode.cli import main

    main()
sys.exit(code)
