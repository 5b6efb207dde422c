"""The wheel and the source archive, installed outside the repository."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from cstrack_bench import __version__

ROOT = Path(__file__).resolve().parents[1]
DISTRIBUTIONS = ("wheel", "sdist")


def run(*command: object, cwd: Path, **environment: str) -> str:
    """Run a command without anything of this repository on its path."""
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**clean, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-1000:]
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built wheel and source archive."""
    folder = tmp_path_factory.mktemp("dist")
    command = (sys.executable, "-m", "build", "--no-isolation", "--outdir", folder)
    run(*command, ROOT, cwd=folder)
    return folder


def install(what: Path, folder: Path, *options: str) -> Path:
    """A fresh environment with a distribution in it; returns its ``bin``."""
    environment = folder / "environment"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, *options, what, cwd=folder)
    return environment / "bin"


def with_our_dependencies(binaries: Path) -> None:
    """Let an environment see the dependencies of this one, but not the package."""
    (packages,) = (binaries.parent / "lib").glob("python*/site-packages")
    # Only the folder itself is added: the link of the editable install is not read.
    (packages / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")


def use(binaries: Path, folder: Path) -> None:
    """What a user does first: a table, a tracker's files, a tracked sequence."""
    cstrack = binaries / "cstrack"
    table = run(
        *(cstrack, "reproduce", "table2", "--profile", "smoke", "--rows", "4"),
        cwd=folder,
    )
    assert "profile smoke" in table
    weights = folder / "results/smoke/table2/row4/seed0.safetensors"
    (sequence,) = (folder / "data/synthmot").glob("*/test/*")
    run(cstrack, "track", sequence, "--weights", weights, cwd=folder)
    command = (cstrack, "evaluate", "tracks", "--dataset", "synthmot")
    scores = run(*command, "--data", sequence.parents[1], cwd=folder)
    assert "OVERALL" in scores


def test_both_hold_recipes_and_data_and_no_tests_in_the_wheel(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened_wheel:
        names = opened_wheel.namelist()
    assert f"cstrack_bench-{__version__}-" in wheel.name
    for name in ("py.typed", "recipes/table2.yaml", "paper/table2.csv"):
        assert f"cstrack_bench/{name}" in names
    assert not any(name.startswith(("tests/", "scripts/")) for name in names)
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        inside = opened.getnames()
    for name in ("recipes/table2.yaml", "tests/test_wheel.py", "CHANGELOG.md"):
        assert any(found.endswith(f"/{name}") for found in inside)


@pytest.mark.parametrize("kind", DISTRIBUTIONS)
def test_it_works_outside_the_repository(
    built: Path, tmp_path: Path, kind: str
) -> None:
    (what,) = built.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    options = ["--no-deps"]
    binaries = tmp_path / "environment" / "bin"
    if kind == "sdist":
        venv.create(tmp_path / "environment", with_pip=True)
        with_our_dependencies(binaries)
        options.append("--no-build-isolation")
    binaries = install(what, tmp_path, *options)
    with_our_dependencies(binaries)
    script = "import cstrack_bench; print(cstrack_bench.__file__)"
    where = run(binaries / "python", "-c", script, cwd=tmp_path)
    assert str(tmp_path) in where
    use(binaries, tmp_path)


@pytest.mark.slow
@pytest.mark.network
def test_it_installs_with_its_own_dependencies(built: Path, tmp_path: Path) -> None:
    """Minutes and a gigabyte: as ``pip install dist/*.whl`` in a clean environment."""
    (wheel,) = built.glob("*.whl")
    binaries = install(wheel, tmp_path, "-c", str(ROOT / "constraints.txt"))
    use(binaries, tmp_path)
