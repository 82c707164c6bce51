"""The bill of materials, as CycloneDX 1.6: what is installed of the packages that are pinned.

`sbom.py [--image]` prints it. `--image` is for the build of the image: whatever is installed must
be pinned there, and Debian's packages of the base are on the bill as well. The same packages give
the same bytes: it has a time only where SOURCE_DATE_EPOCH names one.

The standard library alone: the image has no tools to make it with.
"""

import base64
import json
import os
import platform
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

ROOT: Final = Path(__file__).resolve().parent.parent
ITSELF: Final = "pools-panel"
DPKG: Final = Path("/var/lib/dpkg/status")
# What a wheel says of the code of others inside it (PEP 770), and is taken over.
TAKEN_OVER: Final = ("type", "name", "version", "purl", "licenses", "hashes")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_CLASSIFIER: Final = re.compile(r"License :: (?:OSI Approved :: )?(.+)")


class Wrong(Exception):
    """What is installed is not what is pinned: a sentence."""


def main(arguments: list[str]) -> int:
    try:
        bill = bill_of_materials(ROOT, of_image="--image" in arguments)
    except Wrong as reason:
        print(reason, file=sys.stderr)
        return 1
    print(json.dumps(bill, indent=1, ensure_ascii=False))
    return 0


def bill_of_materials(root: Path, *, of_image: bool) -> dict[str, Any]:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    packages = installed(root / "requirements.txt", nothing_else=of_image)
    components = [_component(name, each) for name, each in packages.items()]
    components += [_python(), *(debian() if of_image else ())]
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            **_moment(),
            "component": {
                "type": "application",
                "bom-ref": ITSELF,
                "name": ITSELF,
                "version": project["version"],
                "licenses": [{"expression": project["license"]}],
            },
        },
        "components": components,
        "dependencies": _dependencies(project["dependencies"], packages),
    }
    # Of the content, so that the same content has the same number.
    number = uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(bill, sort_keys=True))
    return {**bill, "serialNumber": f"urn:uuid:{number}"}


def _moment() -> dict[str, str]:
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or 0)
    return {"timestamp": datetime.fromtimestamp(epoch, UTC).isoformat()} if epoch else {}


def installed(requirements: Path, *, nothing_else: bool = False) -> dict[str, Distribution]:
    """What is installed of the pinned packages, by name. Raises Wrong."""
    pins = dict(re.findall(r"(?m)^([\w.-]+)==([^\s;\\]+)", requirements.read_text()))
    found = {_plain(each.metadata["Name"]): each for each in distributions()}
    if others := sorted(found.keys() - pins.keys() if nothing_else else ()):
        raise Wrong(f"Installed, and not pinned: {', '.join(others)}.")
    here = {name: found[name] for name in sorted(pins) if name in found}
    if differing := [name for name, each in here.items() if each.version != pins[name]]:
        raise Wrong(f"Installed in another version than the pinned one: {', '.join(differing)}.")
    return here


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _reference(name: str, package: Distribution) -> str:
    return f"pkg:pypi/{name}@{package.version}"


def _component(name: str, package: Distribution) -> dict[str, Any]:
    reference = _reference(name, package)
    inside = [*_inside(reference, package), *_libraries(reference, package)]
    return {
        "type": "library",
        "bom-ref": reference,
        "name": name,
        "version": package.version,
        "purl": reference,
        "licenses": licences_of(package),
        **({"components": inside} if inside else {}),
    }


def licences_of(package: Distribution) -> list[dict[str, Any]]:
    """As the package itself names them."""
    about = package.metadata
    if expression := about.get("License-Expression"):
        return [{"expression": expression}]
    named = [
        found[1] for each in about.get_all("Classifier", []) if (found := _CLASSIFIER.match(each))
    ]
    # A whole text, or whose it is, names no licence.
    if not named and 0 < len(word := about.get("License") or "") < 60:
        named = [word]
    return [{"license": {"name": each}} for each in named]


def _inside(reference: str, package: Distribution) -> Iterator[dict[str, Any]]:
    """The code of others that the wheel says is built into it: OpenSSL, libpq, crates."""
    own = _plain(package.metadata["Name"])
    for file in package.files or ():
        if "sboms" not in file.parts or file.suffix != ".json":
            continue
        for part in json.loads(file.read_text()).get("components", ()):
            if _plain(part["name"]) == own:
                continue
            taken = {key: part[key] for key in TAKEN_OVER if key in part}
            if purl := taken.get("purl"):
                taken["purl"] = purl.partition("?")[0]
            yield {**taken, "bom-ref": f"{reference}#{taken.get('purl') or part['name']}"}


def _libraries(reference: str, package: Distribution) -> Iterator[dict[str, Any]]:
    """The shared libraries that the wheel brings as files: more than some say of themselves."""
    for file in package.files or ():
        if file.parts[0].endswith(".libs") and ".so" in file.name and file.hash:
            digest = base64.urlsafe_b64decode(file.hash.value + "==").hex()
            hashes = [{"alg": file.hash.mode.upper().replace("SHA", "SHA-"), "content": digest}]
            ref = f"{reference}#{file.name}"
            yield {"type": "file", "bom-ref": ref, "name": file.name, "hashes": hashes}


def _python() -> dict[str, Any]:
    version = platform.python_version()
    purl = f"pkg:generic/python@{version}"
    return {
        "type": "platform",
        "bom-ref": purl,
        "name": "python",
        "version": version,
        "purl": purl,
        "licenses": [{"license": {"id": "PSF-2.0"}}],
    }


def debian(status: Path = DPKG) -> Iterator[dict[str, Any]]:
    """The packages of the base, where it is a Debian. Their licences are in /usr/share/doc."""
    for block in status.read_text().split("\n\n") if status.exists() else ():
        fields = dict(re.findall(r"(?m)^(Package|Version|Architecture|Status): (.+)$", block))
        if fields.get("Status") != "install ok installed":
            continue
        name, version = fields["Package"], fields["Version"]
        where = f"?arch={fields['Architecture']}"
        purl = f"pkg:deb/debian/{quote(name)}@{quote(version, safe='')}{where}"
        yield {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def _dependencies(asked: list[str], packages: dict[str, Distribution]) -> list[dict[str, Any]]:
    """Who asks for whom, of what is there: whatever an extra asks for, too."""

    def there(wanted: list[str]) -> list[str]:
        names = {_plain(match[0]) for each in wanted if (match := _NAME.match(each))}
        return [_reference(name, packages[name]) for name in sorted(names & packages.keys())]

    return [
        {"ref": ITSELF, "dependsOn": there(asked)},
        *(
            {"ref": _reference(name, each), "dependsOn": there(each.requires or [])}
            for name, each in packages.items()
        ),
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
