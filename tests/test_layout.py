"""The shape of the package: folders, names, cycles, words."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

from cstrack_bench.fingerprints import PACKAGE

ROOT = PACKAGE.parent
MODULES = sorted(PACKAGE.rglob("*.py"))
LARGEST_MODULE = 400
LARGEST_SHARE = 1 / 8
FEWEST_ANY = 40

#: Words of pictures, not of the field: they are no identifiers here.
BANNED = frozenset(
    {
        *("place", "places", "placed", "placing", "look", "looks", "looked"),
        *("walk", "walks", "walker", "walkers", "eyes", "condemned", "workshop"),
        *("somebody", "nobody", "everybody", "house", "room", "rooms", "wishes"),
        *("patience", "birth_certificate", "many"),
    }
)
#: … nor are these found in comments and docstrings.
PICTURES = re.compile(
    r"\b(house|rooms?|workshop|birth certificate|condemned|in the eyes of|walks?)\b"
)


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_module_is_too_long_and_no_folder_too_large() -> None:
    long = {p.name: lines(p) for p in MODULES if lines(p) > LARGEST_MODULE}
    assert long == {}
    total = sum(map(lines, MODULES))
    folders = Counter[str]()
    for path in MODULES:
        inside = path.relative_to(PACKAGE).parts
        if len(inside) > 1:
            folders[inside[0]] += lines(path)
    name, largest = folders.most_common(1)[0]
    assert largest / total <= LARGEST_SHARE, f"{name}: {largest} of {total} lines"


def test_no_two_modules_share_a_name() -> None:
    """But for the command line, where a module is named as its verb."""
    stems = Counter(
        path.stem
        for path in MODULES
        if path.stem != "__init__" and path.parent.name != "cli"
    )
    packages = {path.parent.name for path in MODULES if path.stem == "__init__"}
    assert [name for name, count in stems.items() if count > 1] == []
    assert stems.keys() & packages == set()


def test_no_import_goes_in_a_circle() -> None:
    graph = grimp.build_graph(PACKAGE.name, exclude_type_checking_imports=True)
    reach: dict[str, set[str]] = {
        module: graph.find_upstream_modules(module) for module in graph.modules
    }
    circles = {
        tuple(sorted((one, other)))
        for one, others in reach.items()
        for other in others
        if one != other and one in reach[other]
    }
    assert circles == set()


def identifiers(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        for name in ("id", "name", "arg", "attr", "asname"):
            found = getattr(node, name, None)
            if isinstance(found, str):
                yield getattr(node, "lineno", 0), found


# Names of others: pathlib's, ast's and the standard library's.
FOREIGN = frozenset({"walk"})


@pytest.mark.parametrize(
    "path", MODULES, ids=lambda p: p.relative_to(PACKAGE).as_posix()
)
def test_names_are_the_fields(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    methods = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    bad = [
        f"{path.name}:{line}: {name}"
        for line, name in identifiers(tree)
        if name.strip("_").lower() in BANNED - (FOREIGN & methods)
    ]
    aliases = [
        f"{path.name}:{node.lineno}: {alias.name} as {alias.asname}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name == "Sequence" and alias.asname is not None
    ]
    assert bad + aliases == []


def test_any_is_rare() -> None:
    count = sum(
        len(re.findall(r"\bAny\b", line))
        for path in MODULES
        for line in path.read_text(encoding="utf-8").splitlines()
        if not line.lstrip().startswith(("from ", "import "))
    )
    assert count < FEWEST_ANY
