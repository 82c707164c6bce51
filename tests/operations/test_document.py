"""docs/operations.md and the tests that run it cannot part."""

import re

from tests.fixtures.deployment import DOCUMENT, ROOT, procedures

RUN = re.compile(r"""\.procedure\(\s*f?"([^"]+)\"""")


def test_every_procedure_of_the_document_is_run_by_a_test() -> None:
    run = {
        name.replace("{connection.vendor}", vendor)
        for file in (ROOT / "tests/proof/procedures").glob("test_*.py")
        for name in RUN.findall(file.read_text())
        for vendor in ("sqlite", "postgresql")
    }
    assert run == set(procedures())


def test_every_command_of_the_procedures_section_has_a_name() -> None:
    section = DOCUMENT.read_text().partition("## Procedures")[2].partition("\n## ")[0]
    opened = [line for line in section.splitlines() if line.startswith("```") and line != "```"]
    assert opened == [f"```sh {name}" for name in procedures()]
