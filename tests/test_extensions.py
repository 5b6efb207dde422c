"""Objects from outside the package: three ways to name one, one sentence otherwise."""

import sys
from pathlib import Path

import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.extensions import extension_names, find_extension

GROUP = "cstrack_bench.test_colours"
BUILT_IN = {"red": 1, "green": 2}


def find(name: str) -> int:
    return find_extension(name, BUILT_IN, GROUP, int, "colour")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where extensions lie: the current folder, not on the import path."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, points: str) -> None:
    """Make a folder look like one that an installer has filled."""
    metadata = folder / "colours-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: colours\n")
    (metadata / "entry_points.txt").write_text(f"[{GROUP}]\n{points}")
    monkeypatch.syspath_prepend(folder)


def test_a_name_of_the_package_comes_first(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "colours_own.py").write_text("RED = 7\n")
    install(folder, monkeypatch, "red = colours_own:RED\n")
    assert find("red") == 1


def test_an_entry_point_an_import_path_and_a_file_name_the_same_object(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "colours_named.py").write_text("BLUE = 7\n")
    assert find("colours_named.py:BLUE") == 7
    install(folder, monkeypatch, "blue = colours_named:BLUE\n")
    assert extension_names(GROUP) == ("blue",)
    assert find("blue") == 7
    assert find("colours_named:BLUE") == 7


def test_a_file_is_loaded_once(folder: Path) -> None:
    (folder / "once.py").write_text("import random\nVALUE = random.getrandbits(62)\n")
    loaded = set(sys.modules)
    assert find("once.py:VALUE") == find(f"{folder}/once.py:VALUE")
    assert len(set(sys.modules) - loaded) == 1


BROKEN = {
    "word.py": "COLOUR = 'blue'\n",
    "raises.py": "one = 1\n\nCOLOUR = one / 0\n",
    "grammar.py": "one = 1\nCOLOUR = = 2\n",
    "needs.py": "import no_such_module_here\n",
    "ends.py": "import sys\nsys.exit('usage: …')\n",
    "refuses.py": (
        "from cstrack_bench.errors import InputError\nraise InputError('Not so.')\n"
    ),
}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("gren", "No colour 'gren'; the nearest is 'green', or name one of yours as"),
        ("word.py", "or name one of yours as package.module:NAME or folder/file.py"),
        ("absent.py:COLOUR", "No file 'absent.py' to load the colour"),
        ("word.py:COLOR", "word.py has no 'COLOR' to use as a colour."),
        ("word.py:COLOUR", "The colour 'word.py:COLOUR' is of type str, not int."),
        (
            "raises.py:COLOUR",
            "cannot be loaded (line 3 of raises.py): ZeroDivisionError: division by",
        ),
        ("grammar.py:COLOUR", "SyntaxError: invalid syntax (grammar.py, line 2)."),
        ("needs.py:COLOUR", "(line 1 of needs.py): No module named 'no_such_module_h"),
        ("ends.py:COLOUR", "(line 2 of ends.py): SystemExit: usage: …."),
        ("refuses.py:COLOUR", "(line 2 of refuses.py): Not so."),
        ("no_such_package.colours:RED", "no module 'no_such_package'; install it, put"),
        (":RED", "The colour ':RED' cannot be loaded"),
        ("broken", "The colour 'broken' cannot be loaded (line 3 of raises.py)"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, says: str
) -> None:
    for file, text in BROKEN.items():
        (folder / file).write_text(text)
    install(folder, monkeypatch, "broken = raises:COLOUR\n")
    with pytest.raises(InputError) as caught:
        find(name)
    sentence = str(caught.value)
    assert says in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert not sentence.endswith("..")
