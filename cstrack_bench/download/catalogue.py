"""The catalogue: everything that can be downloaded, data sets and checkpoints."""

import functools
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from cstrack_bench.datasets.catalogue_item import WEIGHTS, CatalogueItem
from cstrack_bench.datasets.dataset_registry import built_in_datasets
from cstrack_bench.datasets.jde_layout import IMAGE_LISTS
from cstrack_bench.errors import InputError, nearest
from cstrack_bench.files import read_text
from cstrack_bench.formats.names import simple_name
from cstrack_bench.input_limits import SETTINGS_BYTES
from cstrack_bench.yaml_text import read_yaml

WEIGHTS_FILE = Path(__file__).with_name("weights.yaml")


@functools.cache
def load_catalogue() -> dict[str, CatalogueItem]:
    """Every item by its name, data sets first."""
    entries = [dataset.entry for dataset in built_in_datasets().values()]
    data = [entry for entry in entries if entry is not None]
    items = [*data, IMAGE_LISTS, *load_weights().values()]
    return {item.name: item for item in items}


@functools.cache
def load_weights(file: Path = WEIGHTS_FILE) -> dict[str, CatalogueItem]:
    """The checkpoints by name.

    Args:
        file: name -> fields of ``CatalogueItem``.

    Raises:
        InputError: the file is not a catalogue (names the field).
    """
    try:
        document = read_yaml(read_text(file, SETTINGS_BYTES), str(file))
        if not isinstance(document, dict):
            raise TypeError("it is not a mapping of names")
        rows = [
            {"name": name, "kind": WEIGHTS, **row} for name, row in document.items()
        ]
        items = TypeAdapter(tuple[CatalogueItem, ...]).validate_python(rows)
    except ValidationError as error:
        first = error.errors()[0]
        where = [str(part) for part in first["loc"]]
        where[0] = str(rows[int(where[0])]["name"])
        raise InputError(f"{file}: {'.'.join(where)}: {first['msg']}.") from None
    except (TypeError, AttributeError) as error:
        raise InputError(f"{file} is not a catalogue: {error}.") from None
    return {item.name: item for item in items}


def find_item(name: str) -> CatalogueItem:
    """An item of the catalogue, in any case.

    Raises:
        InputError: no such item; names the nearest.
    """
    items = load_catalogue()
    for item in items.values():
        if simple_name(name) in item.simple_names:
            return item
    raise InputError(
        f"Nothing in the catalogue is called {name!r}; {nearest(name.lower(), items)}; "
        "cstrack download --list shows everything."
    )
