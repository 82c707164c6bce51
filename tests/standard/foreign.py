"""What the panel's code takes of other packages that they do not promise to keep."""

import ast
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import Any, Final

import adminpanel
import pools
from adminpanel.settings import BASE_DIR

# No documentation tells a subclass of these what it may use: their public names count as well.
INTERNAL: Final = ("gunicorn.workers", "http.client", "urllib3.connection")
# Nothing in the documentation of these packages mentions what is imported from here.
UNDOCUMENTED: Final = (
    *("gunicorn.", "allauth.account.utils", "allauth.core.context", "allauth.core.ratelimit"),
)
# Documented all the same: Django's ways to look at any model, and Python's own pages.
DOCUMENTED: Final = {
    *("_meta", "_base_manager", "_exit", "_fields", "_asdict", "_replace"),
    *("connect", "headers", "request", "status", "version"),
}
# Not to be imported without what they serve.
UNIMPORTABLE: Final = {"adminpanel.gunicorn_conf", "adminpanel.wsgi"}


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__") and name not in DOCUMENTED


@cache
def trees() -> list[ast.AST]:
    files = [file for room in ("adminpanel", "pools") for file in (BASE_DIR / room).rglob("*.py")]
    return [ast.parse(file.read_text()) for file in sorted(files)]


@cache
def nodes_of(tree: ast.AST) -> list[ast.AST]:
    return [*ast.walk(tree)]


@cache
def attributes(tree: ast.AST) -> list[tuple[str, str, bool]]:
    """Every `holder.name` in it: what holds, the name, and whether it is set there."""
    return [
        (holder_of(node), node.attr, isinstance(node.ctx, ast.Store))
        for node in nodes_of(tree)
        if isinstance(node, ast.Attribute)
    ]


def holder_of(node: ast.Attribute) -> str:
    """`self`, `super()` or another name; nothing for what is longer than that."""
    match node.value:
        case ast.Name(id=name):
            return name
        case ast.Call(func=ast.Name(id="super")):
            return "super()"
    return ""


def imported() -> Iterator[str]:
    """What comes from a module that is private, called internal, or documented nowhere."""
    for tree in trees():
        for node in nodes_of(tree):
            if isinstance(node, ast.ImportFrom):
                names = [(f"{node.module}.{a.name}", a.asname or a.name) for a in node.names]
            elif isinstance(node, ast.Import):
                names = [(a.name, a.asname or a.name) for a in node.names]
            else:
                continue
            for name, here in names:
                hidden = any(part == "internal" or is_private(part) for part in name.split("."))
                if not hidden and not name.startswith(UNDOCUMENTED):
                    continue
                if module_called(name):
                    yield from (
                        f"{name}.{of}" for holder, of, _ in attributes(tree) if holder == here
                    )
                else:
                    yield name


def module_called(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def looked_up() -> Iterator[str]:
    """Private names that are looked up on what is not of ours."""
    for tree in trees():
        own = {
            node.name
            for node in nodes_of(tree)
            if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        }
        own |= {name for _, name, is_set in attributes(tree) if is_set}
        for holder, name, _ in attributes(tree):
            if is_private(name) and name not in own and holder not in {"self", "cls", "super()"}:
                yield name


def inherited() -> Iterator[str]:
    """Private names of a foreign class that a class of ours overrides or uses."""
    for kind in own_classes():
        bases = [base for base in reversed(kind.__mro__) if not is_own(base)]
        internal = any(base.__module__.startswith(INTERNAL) for base in bases)
        for name in used_by(kind) - DOCUMENTED:
            if name.endswith("__") or not (internal or is_private(name)):
                continue
            # The first to have it; none has what is of our own.
            base = next((base for base in bases if has(base, name)), None)
            if base and (is_private(name) or base.__module__.startswith(INTERNAL)):
                yield f"{base.__module__}.{base.__qualname__}.{name}"


def own_classes() -> Iterator[Any]:
    for room in (adminpanel, pools):
        for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            if found.name not in UNIMPORTABLE and "migrations" not in found.name:
                module = importlib.import_module(found.name)
                kinds = [kind for kind in vars(module).values() if inspect.isclass(kind)]
                yield from (kind for kind in kinds if kind.__module__ == module.__name__)


def is_own(kind: Any) -> bool:
    return kind.__module__.partition(".")[0] in {"adminpanel", "pools"}


@cache
def source_of(kind: Any) -> ast.AST:
    """A class as it is written; nothing of one that is written nowhere."""
    return classes_of(kind.__module__).get(kind.__qualname__) or ast.Module([], [])


@cache
def classes_of(module: str) -> dict[str, ast.ClassDef]:
    """The classes of a module by their full names. Of two with one name the first counts."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (OSError, TypeError):
        return {}
    return dict(reversed([*classes_in(tree)]))


def classes_in(node: ast.AST, before: str = "") -> Iterator[tuple[str, ast.ClassDef]]:
    for part in ast.iter_child_nodes(node):
        name = before
        if isinstance(part, ast.ClassDef):
            yield before + part.name, part
            name = f"{before}{part.name}."
        elif isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef)):
            name = f"{before}{part.name}.<locals>."
        yield from classes_in(part, name)


def used_by(kind: Any) -> set[str]:
    """The names that a class of ours defines, and those that it looks up on itself."""
    tree = source_of(kind)
    found = {name for holder, name, _ in attributes(tree) if holder in {"self", "super()"}}
    found |= {node.name for node in nodes_of(tree) if isinstance(node, ast.FunctionDef)}
    return found | {
        node.id for node in nodes_of(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }  # fmt: skip


@cache
def has(kind: Any, name: str) -> bool:
    """Whether a class defines a name, or sets it on itself."""
    return name in vars(kind) or any(
        holder == "self" and found == name and is_set
        for holder, found, is_set in attributes(source_of(kind))
    )


@cache
def taken() -> set[str]:
    """All of it, by full names; of what is looked up on something unknown, the name alone."""
    return {*imported(), *looked_up(), *inherited()}


def is_there(name: str) -> bool:
    """Whether a module, class or function has what the last part of a full name says."""
    parts = name.split(".")
    for end in range(len(parts) - 1, 0, -1):
        if found := module_called(".".join(parts[:end])):
            holder: Any = found
            for part in parts[end:-1]:
                holder = getattr(holder, part, None)
            look = has if inspect.isclass(holder) else hasattr
            return look(holder, parts[-1])
    return False
