"""How the panel is run: settings, addresses, checks, logs, health and metrics."""

# The same as in pyproject.toml, which an image does not carry.
VERSION = "0.1.0"
