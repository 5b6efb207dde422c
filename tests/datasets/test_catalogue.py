"""The catalogue: complete, sound, and refused where it is not."""

from pathlib import Path

import pytest
import yaml

from cstrack_bench.datasets.catalogue import (
    CATALOGUE,
    find_item,
    is_drive,
    load_catalogue,
    site,
)
from cstrack_bench.datasets.locations import DATASETS
from cstrack_bench.datasets.published import published_mixes
from cstrack_bench.errors import InputError
from cstrack_bench.formats.jde_lists import IMAGE_LISTS

ITEM = {
    "title": "A",
    "licence": "none",
    "page": "https://example.org",
    "use": "tests",
    "holds": ["train"],
    "ways": [[{"name": "a.zip", "sources": ["https://example.org/a.zip"]}]],
}


def catalogue(tmp_path: Path, **changes: object) -> Path:
    file = tmp_path / "catalogue.yaml"
    row = {name: value for name, value in {**ITEM, **changes}.items() if value != ()}
    file.write_text(yaml.safe_dump({"data_sets": {"a": row}, "weights": {}}))
    return file


def test_every_data_set_that_is_read_can_be_downloaded() -> None:
    read = {*DATASETS, *IMAGE_LISTS, "hieve"} - {"synthmot"}
    assert read <= {i.name for i in load_catalogue().values() if i.kind == "data"}


def test_every_weights_file_that_recipes_name_can_be_downloaded() -> None:
    places = {i.place.name for i in load_catalogue().values() if i.kind == "weights"}
    coco = {f"yolov5{size}-v2.0.pt" for size in "smlx"}
    today = {f"yolov5{size}-v7.0.pt" for size in "nsml"}
    jde = {f"jde-{size}.pt" for size in ("1088x608", "864x480", "576x320")}
    assert places == {*coco, *today, *jde, "darknet53.conv.74", "cstrack.pt"}


def test_the_images_of_the_mixes_add_up_to_what_the_paper_trains_on() -> None:
    images = {name: item.expects.images for name, item in load_catalogue().items()}
    six = ("mot17", "caltech", "citypersons", "cuhk-sysu", "prw", "eth")
    mixes = published_mixes()
    assert images["mot17"] == mixes["S"].images
    assert sum(int(images[n] or 0) for n in six) == mixes["M"].images
    both = (*six, "crowdhuman")
    assert sum(int(images[n] or 0) for n in both) == mixes["B"].images


def test_every_item_has_a_source_or_a_word_on_registration() -> None:
    for item in load_catalogue().values():
        files = [file for way in item.ways for file in way]
        assert all(file.sources for file in files)
        assert files or item.register
        assert len({file.name for file in files}) == len(files)


def test_no_two_items_go_to_the_same_place() -> None:
    places = [item.place for item in load_catalogue().values()]
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
        ({"holds": ()}, "holds"),
        ({"holds": ["../b"]}, "leaves the folder"),
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
        load_catalogue(catalogue(tmp_path, **changes))
    assert ": a" in str(caught.value)


@pytest.mark.parametrize("text", ["[]", "{", "data_sets: 5\nweights: {}", ""])
def test_what_is_no_catalogue_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "catalogue.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match="is not a catalogue"):
        load_catalogue(file)


def test_a_sound_one_is_read(tmp_path: Path) -> None:
    item = load_catalogue(catalogue(tmp_path, expects={"boxes": "112K"}))["a"]
    assert (item.place, item.size, item.expects.boxes) == (Path("a"), None, "112K")


def test_where_it_lies_in_any_case_and_in_the_root_itself(tmp_path: Path) -> None:
    item = find_item("mot17")
    assert item.find(tmp_path) is None
    (tmp_path / "Mot17").mkdir()
    assert item.find(tmp_path) is None, "an empty folder is nothing"
    picture = tmp_path / "Mot17" / "train" / "MOT17-02-SDP" / "img1"
    (picture.parent / "gt").mkdir(parents=True)
    assert item.find(tmp_path) == tmp_path / "Mot17"
    assert not item.is_complete(tmp_path / "Mot17")
    picture.mkdir()
    assert item.is_complete(tmp_path / "Mot17")
    assert item.find(tmp_path / "Mot17") == tmp_path / "Mot17"


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
    assert CATALOGUE.name == "catalogue.yaml"
