"""`python -m sandbox`."""

from sandbox.command import main

raise SystemExit(main())
