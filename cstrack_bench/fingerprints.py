"""Fingerprints: whether a component's code moved while its version did not.

What a component consists of is found from the sources: the module that declares it and
every module of the package that this one imports, directly or through others, up to
the next module that declares a component of its own. The *fingerprint* of a component
is a hash of the tokens of those modules, without comments, docstrings, layout and the
paths of imports, equal on every Python version. ``fingerprints.json`` holds version and
fingerprint of each component as they were when last checked
(tests/test_fingerprints.py, scripts/prove_equal.py).
"""

import ast
import functools
import hashlib
import io
import json
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cstrack_bench.components import Component

PACKAGE = Path(__file__).resolve().parent
COMMITTED = PACKAGE / "fingerprints.json"
_INDENTATION = ("<indent>", "<dedent>")
# They show, write and name things; no number passes through them.
_NO_NUMBERS = frozenset(
    {
        *("components", "console", "errors", "extensions", "files", "stopwatch"),
        # It refuses data or lets it be.
        "verification",
    }
)
# They decide what is computed, which a run's settings hold, and report it.
_NOT_FOLLOWED = frozenset({"cli", "experiments", "paper", "report"})


@dataclass(frozen=True)
class Sources:
    """A component as its sources say.

    Attributes:
        name: of the component.
        version: as declared.
        module: that declares it, such as ``tracking/cascade.py``.
        modules: that it consists of, this one included, sorted.
        fingerprint: 16 hex digits of their tokens.
    """

    name: str
    version: int
    module: str
    modules: tuple[str, ...]
    fingerprint: str


def tokens(source: str) -> Iterator[str]:
    """What a module says, as text tokens that every Python version agrees on.

    Comments, docstrings, blank lines and line breaks are left out, indentation is a
    pair of signs, an f-string is one token as it stands in the source (Python 3.12
    splits it), and the imports from this package come last, as sorted names without the
    modules that they come from.

    Args:
        source: of the module.
    """
    names: set[str] = set()
    for line in _logical_lines(source):
        content = [text for text in line if text not in _INDENTATION]
        yield from (text for text in line if text in _INDENTATION)
        if len(content) == 1 and content[0].lstrip("rRbBuU")[:1] in ("'", '"'):
            continue
        if content[:1] in (["from"], ["import"]) and _is_own(content):
            names |= set(_imported(content))
        else:
            yield from content
            yield "<end>"
    yield from sorted(names)


def _logical_lines(source: str) -> Iterator[list[str]]:
    """Token texts of each logical line, after the signs for its indentation."""
    lines = source.splitlines(keepends=True)
    line: list[str] = []
    open_strings: list[tuple[int, int]] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        name = tokenize.tok_name[token.type]
        if name in ("FSTRING_START", "TSTRING_START"):
            open_strings.append(token.start)
        elif name in ("FSTRING_END", "TSTRING_END"):
            start = open_strings.pop()
            if not open_strings:
                line.append(_between(lines, start, token.end))
        elif open_strings or name in ("COMMENT", "NL", "ENDMARKER"):
            continue
        elif name == "INDENT":
            line.append(_INDENTATION[0])
        elif name == "DEDENT":
            line.append(_INDENTATION[1])
        elif name == "NEWLINE":
            yield line
            line = []
        else:
            line.append(token.string)
    if line:
        yield line


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    """The source from a (line, column) to another, lines counted from 1."""
    if start[0] == end[0]:
        return lines[start[0] - 1][start[1] : end[1]]
    inner = lines[start[0] : end[0] - 1]
    first, last = lines[start[0] - 1][start[1] :], lines[end[0] - 1][: end[1]]
    return "".join([first, *inner, last])


def _is_own(line: list[str]) -> bool:
    return len(line) > 1 and line[1] == PACKAGE.name


def _imported(line: list[str]) -> list[str]:
    """``from package.module import a, b as c`` -> ``a``, ``b as c``."""
    if "import" not in line[1:]:
        return ["".join(line[1:])]
    listed = line[line.index("import", 1) + 1 :]
    text = " ".join(part for part in listed if part not in "()")
    return [" ".join(name.split()) for name in text.split(",") if name.strip()]


def token_hash(source: str) -> str:
    """Hex SHA-256 of a module's ``tokens``."""
    digest = hashlib.sha256()
    for text in tokens(source):
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()


def find_components(package: Path = PACKAGE) -> dict[str, Sources]:
    """Every component that the sources of the package declare, by name.

    Args:
        package: folder of the package.

    Raises:
        ValueError: two modules declare one name.
    """
    trees = {
        path.relative_to(package).as_posix(): ast.parse(path.read_text("utf-8"))
        for path in sorted(package.rglob("*.py"))
    }
    declared = {
        module: found
        for module, tree in trees.items()
        if (found := _declaration(tree)) is not None
    }
    found_components: dict[str, Sources] = {}
    for module, component in declared.items():
        if component.name in found_components:
            other = found_components[component.name].module
            raise ValueError(f"{module} and {other} both declare {component.name!r}.")
        reached = _reach(module, trees, declared.keys(), package.name)
        hashes = sorted(token_hash((package / m).read_text("utf-8")) for m in reached)
        digest = hashlib.sha256("\n".join(hashes).encode()).hexdigest()[:16]
        found_components[component.name] = Sources(
            component.name, component.version, module, tuple(reached), digest
        )
    return dict(sorted(found_components.items()))


def _declaration(tree: ast.Module) -> Component | None:
    """The component that a module declares at its top level."""
    for node in tree.body:
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        call = node.value
        if isinstance(call.func, ast.Name) and call.func.id == Component.__name__:
            values = [ast.literal_eval(argument) for argument in call.args]
            named = {k.arg: ast.literal_eval(k.value) for k in call.keywords if k.arg}
            return Component(*values, **named)
    return None


def _reach(
    module: str, trees: Mapping[str, ast.Module], ends: Iterable[str], package: str
) -> list[str]:
    """Modules that one imports, directly or not, up to those where another begins."""
    others = set(ends) - {module}
    reached, waiting = {module}, [module]
    while waiting:
        for name in _imports(trees[waiting.pop()], package):
            for path in (f"{name}.py", f"{name}/__init__.py"):
                first = name.split("/", maxsplit=1)[0]
                if path not in trees or path in reached | others:
                    continue
                if first not in _NO_NUMBERS | _NOT_FOLLOWED:
                    reached.add(path)
                    waiting.append(path)
    return sorted(reached)


def _imports(tree: ast.AST, package: str) -> Iterator[str]:
    """Modules of the package that some code imports, ``a/b`` for ``package.a.b``."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            parts = node.module.split(".")
            if parts[0] == package:
                inside = "/".join(parts[1:])
                yield inside
                # ``from package.a import b`` where b is a module.
                yield from ("/".join([*parts[1:], name.name]) for name in node.names)
        elif isinstance(node, ast.Import):
            for name in node.names:
                parts = name.name.split(".")
                if parts[0] == package:
                    yield "/".join(parts[1:])
        yield from _imports(node, package)


def read_committed(file: Path = COMMITTED) -> dict[str, dict[str, str | int]]:
    """Version and fingerprint of each component when last checked; none at first."""
    if not file.is_file():
        return {}
    found: dict[str, dict[str, str | int]] = json.loads(file.read_text("utf-8"))
    return found


def moved(
    found: Mapping[str, Sources], before: Mapping[str, Mapping[str, str | int]]
) -> list[str]:
    """What has changed since ``fingerprints.json`` was written, a sentence each.

    Args:
        found: the components as the sources are.
        before: as ``read_committed`` returns them.
    """
    sentences = []
    for name, now in found.items():
        then = before.get(name)
        if then is None:
            sentences.append(
                f"The component {name!r} ({now.module}) is new: record it with "
                "scripts/prove_equal.py --record."
            )
        elif now.version < int(then["version"]):
            sentences.append(
                f"The version of {name!r} went back from {then['version']} to "
                f"{now.version} in {now.module}."
            )
        elif now.version == then["version"] and now.fingerprint != then["fingerprint"]:
            sentences.append(
                f"The code of {name!r} changed while its version is still "
                f"{now.version}: raise the version in {now.module} if a number may "
                "move, or show that none does with scripts/prove_equal.py, which runs "
                "old and new code side by side and then records the fingerprint."
            )
        elif now.version != then["version"]:
            sentences.append(
                f"The version of {name!r} was raised to {now.version}: record it with "
                "scripts/prove_equal.py --record, and say in CHANGELOG.md what moved."
            )
    sentences += [
        f"The component {name!r} is gone: record that with "
        "scripts/prove_equal.py --record."
        for name in before
        if name not in found
    ]
    return sentences


@functools.cache
def present_components() -> Mapping[str, Sources]:
    """The components of this package, read once."""
    return find_components()


@functools.cache
def code_fingerprint() -> str:
    """16 hex digits of all components together, for the provenance of a record."""
    text = json.dumps({n: c.fingerprint for n, c in present_components().items()})
    return hashlib.sha256(text.encode()).hexdigest()[:16]
