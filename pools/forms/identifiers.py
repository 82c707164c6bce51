"""Fields that hold a name, an address or a code."""

from typing import Final

# What a keyboard and a browser must leave as it is typed: a phone writes Netsuite.
IDENTIFIER: Final = {"autocapitalize": "none", "autocorrect": "off", "spellcheck": "false"}
