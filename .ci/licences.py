"""The licence texts of the pinned packages that are installed, one file a package.

`licences.py FOLDER` writes them, and says of which package there is no text. Those of Debian's
packages are in the base of the image: /usr/share/doc/*/copyright.
"""

import re
import sys
from importlib.metadata import Distribution
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent))

from sbom import ITSELF, ROOT, Wrong, installed, licences_of

_TEXT: Final = re.compile(r"(?i)^(licen[cs]e|copying|notice|authors|copyright)")


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0])
    try:
        packages = installed(ROOT / "requirements.txt")
    except Wrong as reason:
        print(reason, file=sys.stderr)
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{ITSELF}.txt").write_text((ROOT / "LICENSE").read_text())
    for name, package in packages.items():
        texts = texts_of(package)
        (folder / f"{name}.txt").write_text(_page(package, texts))
        if not texts:
            print(f"{name} {package.version} brings no text: its metadata says what it is under.")
    print(f"{len(packages) + 1} files in {folder}")
    return 0


def texts_of(package: Distribution) -> list[tuple[str, str]]:
    """What its wheel brings: the name of each text and the text. Whole, whatever it says."""
    return [
        (file.name, file.read_text(encoding="utf-8"))
        for file in sorted(package.files or (), key=str)
        # In a folder of the wheel's own facts: "license.py" beside the code is none.
        if any(part.endswith(".dist-info") for part in file.parts) and _TEXT.match(file.name)
    ]


def _page(package: Distribution, texts: list[tuple[str, str]]) -> str:
    named = [
        str(each.get("expression") or each["license"]["name"]) for each in licences_of(package)
    ]
    head = f"{package.metadata['Name']} {package.version}\n"
    head += f"Licence: {', '.join(named) or 'see below'}\n"
    return head + "".join(f"\n--- {name}\n\n{text.strip()}\n" for name, text in texts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
