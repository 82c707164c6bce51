"""What all tests share. Sockets reach this machine alone: see addopts in pyproject.toml."""

pytest_plugins = ["tests.ledger_flush"]
