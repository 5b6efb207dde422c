"""Recipe files: where they lie, how they are called, and what each extends.

What their keys mean is told in ``recipes``; this module reads YAML.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from cstrack_bench.errors import InputError, nearest
from cstrack_bench.experiments.nested import Tree
from cstrack_bench.files import read_text
from cstrack_bench.input_limits import SETTINGS_BYTES
from cstrack_bench.yaml_text import read_yaml


def _recipe_folder() -> Path:
    """Within an installed package, else beside it, as in the repository."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "recipes"
    return inside if inside.is_dir() else package.parent / "recipes"


RECIPES = _recipe_folder()
ALIASES = {"hieve": "table7"}
BASE = "base"
# Recipes give folders of results their names, and these have another meaning.
_RESERVED = frozenset({"all", BASE, "detector"})


@dataclass(frozen=True)
class RecipeFile:
    """One YAML file of recipes, as it was read.

    Attributes:
        name: of the recipe: the file's name without ``.yaml``.
        path: of the file.
        document: its keys, without ``extends``.
    """

    name: str
    path: Path
    document: Tree  # YAML of a user


def list_tables() -> list[str]:
    """Names of the paper's tables that have a recipe, sorted.

    ``upper-bound`` is a recipe beside them: Table VIII with rows that it has not.
    """
    return sorted(path.stem for path in RECIPES.glob("table*.yaml"))


def read_recipe_files(name: str, folder: Path = RECIPES) -> list[RecipeFile]:
    """A recipe's file after those that it extends, the most general one first.

    A name stands for a file of the given folder, else for one of this package; what a
    file extends is looked for beside it first. Without ``extends`` that is ``base``.

    Args:
        name: of the recipe.
        folder: of a user's recipes.

    Raises:
        InputError: no such recipe, one with the name of another, or files that extend
            each other.
    """
    name = ALIASES.get(name, name)
    check_name(name)
    own = folder / f"{name}.yaml"
    if folder != RECIPES:
        if not folder.is_dir():
            raise InputError(f"No such folder of recipes: {folder}.")
        if not any(folder.glob("*.yaml")):
            raise InputError(f"{folder} holds no recipe, which is a file NAME.yaml.")
        taken = name in _RESERVED or (RECIPES / f"{name}.yaml").is_file()
        if taken and own.is_file():
            raise InputError(
                f"{own} has a name that this program uses itself: rename the file."
            )
    path = own if own.is_file() else RECIPES / f"{name}.yaml"
    if not path.is_file() or name == BASE:
        known = {path.stem for path in folder.glob("*.yaml")} - {BASE}
        known |= {*list_tables(), *ALIASES}
        raise InputError(f"No recipe for {name!r}; {nearest(name, known)}.")
    files: list[RecipeFile] = []
    while True:
        if any(file.path == path for file in files):
            raise InputError(f"{path} extends itself.")
        document = _read(path)
        parent = document.pop("extends", BASE)
        files.insert(0, RecipeFile(path.stem, path, document))
        if path.stem == BASE:
            return files
        path = _extended(path, parent)


def check_name(name: str) -> None:
    """Refuse what is no plain word; a path above all.

    Raises:
        InputError: it is none.
    """
    if not re.fullmatch(r"[a-z0-9_-]{1,80}", name):
        raise InputError(
            "A recipe is named by up to 80 small letters, digits, - and _, not "
            f"{name[:100]!r}; its folder is given as --recipes."
        )


def _extended(path: Path, parent: object) -> Path:
    """The file that ``extends`` of another names, ``base.yaml`` or ``table2``."""
    if not isinstance(parent, str):
        raise InputError(f"{path} extends {parent!r}: give the name of a recipe.")
    name = parent.removesuffix(".yaml")
    check_name(name)
    for folder in (path.parent, RECIPES):
        found = folder / f"{name}.yaml"
        if found.is_file():
            return found
    raise InputError(
        f"{path} extends {name!r}, which is neither beside it nor a table: "
        f"{nearest(name, list_tables())}."
    )


def _read(path: Path) -> Tree:
    document = read_yaml(read_text(path, SETTINGS_BYTES), f"The recipe {path}")
    if not isinstance(document, dict):
        raise InputError(f"The recipe {path} is not a mapping.")
    return document
