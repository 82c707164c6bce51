"""`python -m tests.browser.quick_demo`: the demo, with this folder's settings."""

import sys
from pathlib import Path

from adminpanel import demo

as_people_have_it = demo.environment


def environment(folder: Path) -> dict[str, str]:
    return as_people_have_it(folder) | {"DJANGO_SETTINGS_MODULE": "tests.browser.settings"}


if __name__ == "__main__":
    demo.environment = environment
    sys.exit(demo.main())
