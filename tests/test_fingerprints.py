"""Fingerprints: what changes them, what does not, and what the committed ones say."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cstrack_bench import fingerprints
from cstrack_bench.fingerprints import (
    PACKAGE,
    find_components,
    moved,
    read_committed,
    token_hash,
)

ROOT = PACKAGE.parent
# Every kind of token that Python versions split differently, and its hash on all.
SAMPLE = '''"""Docstring."""
import numpy as np
from cstrack_bench.boxes import (
    iou_matrix,
    xywh_to_xyxy as convert,
)

LIMIT = 0.5  # a comment


def name(box: "np.ndarray", *, width: int = 3) -> str:
    """Docstring with {braces}."""
    if box.sum() > LIMIT:
        return f"{box[0]!r:>{width}} {{literal}} {'in' + f'{width:03d}'}" + "x"
    values = {"a": 1, **{}}
    return (
        f"""two
lines {convert(box)}"""
    )
'''
SAMPLE_HASH = "c9cdffb09f34b3a87dcfffa416349b137b9cba37eb5fbb7252a31ae1091c2016"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package's sources."""
    copy = tmp_path / PACKAGE.name
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def test_every_python_version_agrees_on_a_sample() -> None:
    assert token_hash(SAMPLE) == SAMPLE_HASH


def installed(version: str) -> str:
    """The full version behind 3.12, where pyenv has it; empty for another Python."""
    if shutil.which(f"python{version}") is None:
        pytest.skip(f"no python{version} here; CI runs these tests under it")
    if shutil.which("pyenv") is None:
        return ""
    done = subprocess.run(
        ["pyenv", "latest", version], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"pyenv has no Python {version}; CI runs these tests under it")
    return done.stdout.strip()


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_another_python_finds_the_same_fingerprints(version: str) -> None:
    """Needs that interpreter, but none of our dependencies in it."""
    code = (
        "import json, sys; sys.path.insert(0, sys.argv[1])\n"
        "from cstrack_bench.fingerprints import find_components\n"
        "print(sys.version_info[:2] == tuple(map(int, sys.argv[2].split('.'))))\n"
        "print(json.dumps({n: c.fingerprint for n, c in find_components().items()}))"
    )
    done = subprocess.run(
        [f"python{version}", "-c", code, str(ROOT), version],
        env={**os.environ, "PYENV_VERSION": installed(version)},
        capture_output=True,
        text=True,
        check=True,
    )
    same_version, found = done.stdout.splitlines()
    assert same_version == "True"
    assert json.loads(found) == {
        name: component.fingerprint for name, component in find_components().items()
    }


def test_the_committed_fingerprints_are_those_of_the_sources() -> None:
    assert moved(find_components(), read_committed()) == []


def test_comments_docstrings_layout_and_import_paths_do_not_count() -> None:
    changed = SAMPLE.replace("  # a comment", "").replace('"""Docstring."""', "")
    changed = changed.replace('"""Docstring with {braces}."""', '"""Another."""')
    changed = changed.replace(
        "from cstrack_bench.boxes import (\n    iou_matrix,\n    xywh_to_xyxy as "
        "convert,\n)",
        "from cstrack_bench.geometry.boxes import xywh_to_xyxy as convert, iou_matrix",
    )
    changed = changed.replace("values = {", "\n    # why\n    values = {")
    assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(SAMPLE))
    assert token_hash(changed) == token_hash(SAMPLE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.5", "0.6"),
        ("iou_matrix", "xyxy_to_xywh"),
        ("as convert", "as turn"),
        ("{literal}", "{literals}"),
        (":03d}", ":04d}"),
        ("two\nlines", "two lines"),
        (" > LIMIT", " >= LIMIT"),
        ("import numpy as np", "import scipy as np"),
    ],
)
def test_what_is_computed_counts(old: str, new: str) -> None:
    assert old in SAMPLE
    assert token_hash(SAMPLE.replace(old, new, 1)) != token_hash(SAMPLE)


def test_a_statement_that_leaves_a_block_counts() -> None:
    inside = "if x:\n    a = 1\n    b = 2\n"
    outside = "if x:\n    a = 1\nb = 2\n"
    assert token_hash(inside) != token_hash(outside)


def test_a_new_tracker_changes_no_component_that_was_there(package: Path) -> None:
    before = find_components(package)
    (package / "tracking" / "nearest.py").write_text(
        "from cstrack_bench.boxes import iou_matrix\n"
        "from cstrack_bench.components import Component\n"
        'COMPONENT = Component("tracker nearest", 1)\n'
    )
    after = find_components(package)
    assert after.keys() - before.keys() == {"tracker nearest"}
    assert {name: after[name] for name in before} == before


def test_a_moved_module_changes_no_version_and_no_fingerprint(package: Path) -> None:
    before = find_components(package)
    (package / "geometry").mkdir()
    (package / "geometry" / "__init__.py").write_text('"""Geometry."""\n')
    (package / "boxes.py").rename(package / "geometry" / "boxes.py")
    for file in package.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        text = text.replace("cstrack_bench.boxes ", "cstrack_bench.geometry.boxes ")
        file.write_text(text, encoding="utf-8")
    after = find_components(package)
    assert any("geometry/boxes.py" in found.modules for found in after.values())
    assert {n: (c.version, c.fingerprint) for n, c in after.items()} == {
        n: (c.version, c.fingerprint) for n, c in before.items()
    }


def test_a_comment_changes_nothing(package: Path) -> None:
    before = find_components(package)
    for file in package.rglob("*.py"):
        file.write_text(file.read_text(encoding="utf-8") + "\n# A comment.\n")
    assert find_components(package) == before


def test_a_changed_constant_of_a_loss_is_told_with_its_cure(package: Path) -> None:
    losses = package / "training" / "losses.py"
    text = losses.read_text(encoding="utf-8")
    numbers = re.findall(r"(?m)^[A-Z_]+ = [\d.]+$|\b0\.5\b", text)
    assert numbers, "losses.py has a constant to change"
    losses.write_text(text.replace(numbers[0], numbers[0].replace("5", "6"), 1))
    (sentence, *more) = moved(find_components(package), find_components_as_committed())
    assert more == []
    assert "'system cstrack' changed while its version is still" in sentence
    assert "raise the version in systems/cstrack.py" in sentence
    assert "scripts/prove_equal.py" in sentence


def find_components_as_committed() -> dict[str, dict[str, str | int]]:
    return {
        name: {"version": found.version, "fingerprint": found.fingerprint}
        for name, found in find_components().items()
    }


def test_versions_that_rise_or_fall_or_vanish_are_told() -> None:
    now = find_components()
    name, other = list(now)[:2]
    then = find_components_as_committed()
    then[name]["version"] = now[name].version - 1
    then[other]["version"] = now[other].version + 1
    then["gone"] = {"version": 1, "fingerprint": "0"}
    told = " ".join(moved(now, then))
    assert f"{name!r} was raised" in told
    assert f"{other!r} went back" in told
    assert "'gone' is gone" in told


def test_two_modules_with_one_component_are_refused(package: Path) -> None:
    line = 'COMPONENT = Component("twice", 1)\n'
    (package / "one.py").write_text(line)
    (package / "two.py").write_text(line)
    with pytest.raises(ValueError, match="both declare 'twice'"):
        find_components(package)


def test_what_only_type_checkers_import_is_not_followed(package: Path) -> None:
    (package / "typed.py").write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from cstrack_bench.boxes import iou_matrix\n"
        'COMPONENT = Component("typed", 1)\n'
    )
    assert find_components(package)["typed"].modules == ("typed.py",)


def test_components_reach_what_they_compute_with() -> None:
    found = find_components()
    assert "training/losses.py" in found["system cstrack"].modules
    assert "models/reciprocal.py" in found["system cstrack"].modules
    assert "training/losses.py" not in found["system deepsort"].modules
    assert "evaluation/fast_hota.py" in found["evaluation"].modules
    assert sys.modules[fingerprints.__name__].PACKAGE == PACKAGE
