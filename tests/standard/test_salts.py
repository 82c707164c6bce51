"""What is signed is read again by later versions, so no salt is ever spelled otherwise."""

import ast

from tests.standard.reading import FILES


def _names(node: ast.Assign | ast.AnnAssign) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def test_no_signing_salt_is_ever_renamed() -> None:
    salts = {
        ast.literal_eval(node.value)
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
        if any("salt" in name.lower() for name in _names(node))
    }
    assert salts == {
        "pools.forms.seen",  # forms that are open in a browser
        "pools.forgotten",  # links to a new password that are on their way
        "pools.accounts.devices",  # browsers that someone signed in with
    }
