"""The README's configuration table names every setting that is read."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
READERS = "keys|number|whole_number|hosts|switch|one_of|time_zone|origins|certificates|proxy"
READS = re.compile(rf"""(?:env\.\w+|required|{READERS})\(\s*"([A-Z_]{{4,}})\"""")


def test_every_setting_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    sources = [*ROOT.glob("adminpanel/*.py"), *ROOT.glob("pools/**/*.py")]
    read = {name for source in sources for name in READS.findall(source.read_text())}
    assert "DATABASE_URL" in read
    assert sorted(name for name in read if f"`{name}`" not in readme) == []
