"""The catalogue: complete, sound, and refused where it is not."""

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from cstrack_bench.datasets.catalogue_item import CatalogueItem, RemoteFile
from cstrack_bench.datasets.dataset_registry import built_in_datasets
from cstrack_bench.download.catalogue import find_item, load_catalogue, load_weights
from cstrack_bench.download.item_state import find_item_path
from cstrack_bench.download.sources import is_drive, site
from cstrack_bench.errors import InputError

ITEM: dict[str, object] = {
    "title": "A",
    "licence": "none",
    "page": "https://example.org",
    "use": "tests",
    "ways": [[{"name": "a.pt", "sources": ["https://example.org/a.pt"]}]],
}


def catalogue(tmp_path: Path, **changes: object) -> Path:
    file = tmp_path / "weights.yaml"
    row = {name: value for name, value in {**ITEM, **changes}.items() if value != ()}
    file.write_text(yaml.safe_dump({"a": row}))
    return file


def data_set(**changes: object) -> CatalogueItem:
    way = (RemoteFile("a.zip", ("https://example.org/a.zip",)),)
    known = {**ITEM, "name": "a", "holds": ("train",), "ways": (way,)}
    return CatalogueItem(**{**known, **changes})  # type: ignore[arg-type]


def test_every_data_set_that_is_read_can_be_downloaded() -> None:
    catalogued = {i.name for i in load_catalogue().values() if i.kind == "data"}
    for dataset in built_in_datasets().values():
        made = dataset.is_generated or dataset.name == "local"
        assert (dataset.name in catalogued) != made
        assert dataset.entry is None or dataset.entry.name == dataset.name


def test_every_weights_file_that_recipes_name_can_be_downloaded() -> None:
    places = {i.target.name for i in load_catalogue().values() if i.kind == "weights"}
    coco = {f"yolov5{size}-v2.0.pt" for size in "smlx"}
    today = {f"yolov5{size}-v7.0.pt" for size in "nsml"}
    jde = {f"jde-{size}.pt" for size in ("1088x608", "864x480", "576x320")}
    fairmot = {
        *("fairmot_dla34.pth", "crowdhuman_dla34.pth", "mot20_fairmot.pth"),
        *("mix_mot17_half_dla34.pth", "ctdet_coco_dla_2x.pth", "dla34-ba72cf86.pth"),
    }
    centertrack = {
        f"centertrack_{name}.pth"
        for name in (
            *("crowdhuman", "mot17_fulltrain", "mot17_fulltrain_sc"),
            *("mot17_half", "mot17_half_sc"),
        )
    }
    others = {"darknet53.conv.74", "cstrack.pt"}
    assert places == {*coco, *today, *jde, *fairmot, *centertrack, *others}


def test_every_item_has_a_source_or_a_word_on_registration() -> None:
    for item in load_catalogue().values():
        files = [file for way in item.ways for file in way]
        assert all(file.sources for file in files)
        assert files or item.register
        assert len({file.name for file in files}) == len(files)


def test_no_two_items_go_to_the_same_place() -> None:
    places = [item.target for item in load_catalogue().values()]
    assert len(set(places)) == len(places)


@pytest.mark.parametrize("name", ["MOT17", "cuhksysu", "CUHK-SYSU", "ETHZ", "hie20"])
def test_names_as_people_type_them(name: str) -> None:
    assert find_item(name).name in ("mot17", "cuhk-sysu", "eth", "hieve")


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(InputError, match="nearest is 'crowdhuman'"):
        find_item("crowd-humans")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"licence": ()}, "licence"),
        ({"sise": 5}, "sise"),
        ({"page": "example.org"}, "page"),
        ({"tables": [9]}, "tables"),
        ({"ways": ()}, "register"),
        ({"ways": [[{"name": "a"}, {"name": "b"}]]}, "one file"),
        ({"ways": [[]]}, "names of their own"),
        ({"ways": [[{"name": "a"}, {"name": "A"}]]}, "names of their own"),
        ({"ways": [[{"name": "../a"}]]}, "name"),
        ({"ways": [[{"name": "a", "sources": ["ftp://a"]}]]}, "sources"),
        ({"ways": [[{"name": "a", "sha256": "12"}]]}, "sha256"),
        ({"expects": {"images": "many"}}, "expects"),
    ],
)
def test_a_wrong_entry_is_refused_by_name(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(InputError, match=words) as caught:
        load_weights(catalogue(tmp_path, **changes))
    assert ": a" in str(caught.value)


@pytest.mark.parametrize(
    ("holds", "words"),
    [((), "holds"), (("../b",), "leaves the folder"), (("/b",), "leaves the folder")],
)
def test_a_data_set_says_what_it_holds(holds: tuple[str, ...], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        data_set(holds=holds)


@pytest.mark.parametrize("text", ["[]", "{", "a: 5", ""])
def test_what_is_no_catalogue_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "weights.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=r"is not a catalogue|cannot be read as YAML"):
        load_weights(file)


def test_a_sound_one_is_read(tmp_path: Path) -> None:
    item = load_weights(catalogue(tmp_path, tables=[1]))["a"]
    assert (item.target, item.size, item.tables) == (Path("weights/a.pt"), None, (1,))


def test_where_it_lies_in_any_case_and_in_the_root_itself(tmp_path: Path) -> None:
    item = find_item("mot17")
    assert find_item_path(item, tmp_path) is None
    (tmp_path / "Mot17").mkdir()
    assert find_item_path(item, tmp_path) is None, "an empty folder is nothing"
    picture = tmp_path / "Mot17" / "train" / "MOT17-02-SDP" / "img1"
    (picture.parent / "gt").mkdir(parents=True)
    assert find_item_path(item, tmp_path) == tmp_path / "Mot17"
    assert not item.is_complete(tmp_path / "Mot17")
    picture.mkdir()
    assert item.is_complete(tmp_path / "Mot17")
    assert find_item_path(item, tmp_path / "Mot17") == tmp_path / "Mot17"


def test_sources_name_their_servers() -> None:
    sources = [
        source
        for item in load_catalogue().values()
        for way in item.ways
        for file in way
        for source in file.sources
    ]
    assert site("https://github.com/a/b") == "github.com"
    assert {site(s) for s in sources if is_drive(s)} == {"drive.google.com"}
