"""Data sets of images in JDE's layout."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from cstrack_bench.datasets.dataset_registry import find_dataset
from cstrack_bench.errors import InputError
from cstrack_bench.formats.jde_lists import ImageList
from cstrack_bench.training_data.loading import TrainingSet

SIZE = (64, 64)


def open_image_list(root: Path, name: str, lists: tuple[str, ...] = ()) -> ImageList:
    """The images of a data set, as a mix finds them."""
    (found,) = find_dataset(name).training_sources(root, "*", lists)
    assert isinstance(found, ImageList)
    return found


def add_image(
    folder: Path, name: str, labels: str | None, width: int = 80, height: int = 40
) -> None:
    """A picture ``images/name`` and, if given, its label file."""
    image = folder / "images" / name
    image.parent.mkdir(parents=True, exist_ok=True)
    (folder / "labels_with_ids").mkdir(exist_ok=True)
    cv2.imwrite(str(image), np.full((height, width, 3), 100, np.uint8))
    if labels is not None:
        file = (folder / "labels_with_ids" / name).with_suffix(".txt")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(labels)


@pytest.fixture
def caltech(tmp_path: Path) -> Path:
    """Three pictures of different sizes; ids 0 and 3 and somebody without."""
    folder = tmp_path / "Caltech"
    add_image(folder, "set00/a.jpg", "0 3 0.5 0.5 0.25 0.5\n0 -1 0.2 0.5 0.1 0.5\n")
    add_image(folder, "set00/b.png", "0 0 0.5 0.5 0.5 0.5\n", width=20, height=100)
    add_image(folder, "c.jpg", "")
    add_image(folder, "d.jpg", None)
    return tmp_path


def test_labels_become_boxes_in_pixels(caltech: Path) -> None:
    images = open_image_list(caltech, "caltech")
    assert images.paths == ("c.jpg", "set00/a.jpg", "set00/b.png")
    truth = images.annotations()
    assert truth.frames.tolist() == [1, 1, 2]
    assert truth.ids.tolist() == [3, -1, 0]
    assert truth.boxes.tolist() == [
        [30.0, 10.0, 50.0, 30.0],
        [12.0, 10.0, 20.0, 30.0],
        [5.0, 25.0, 15.0, 75.0],
    ]
    assert len(truth.pedestrians()) == 3
    assert images.frame(2).image.shape == (100, 20, 3)


def test_it_is_trained_on_like_a_sequence(caltech: Path) -> None:
    dataset = TrainingSet([open_image_list(caltech, "caltech")], SIZE, None, 0)
    assert (len(dataset), dataset.identities) == (2, 3)
    pixels, targets, name = dataset[(0, 0)]
    assert pixels.shape == (3, *SIZE)
    assert name == "caltech frame 2"
    assert targets == pytest.approx(
        np.array([[1, 0.5, 0.5, 0.25, 0.5], [0, 0.2, 0.5, 0.1, 0.5]]), abs=1e-6
    )


def test_one_identity_in_two_pictures_is_one_class(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        add_image(tmp_path / "prw", name, "0 12 0.5 0.5 0.5 0.5\n")
    dataset = TrainingSet([open_image_list(tmp_path, "prw")], SIZE, None, 0)
    assert dataset.identities == 2


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("cuhk-sysu", "CUHKSYSU"),
        ("cuhk-sysu", "cuhk_sysu"),
        ("eth", "ETHZ"),
        ("citypersons", "Cityscapes"),
        ("own-images", "Own_Images"),
    ],
)
def test_data_sets_are_found_by_name(tmp_path: Path, name: str, folder: str) -> None:
    add_image(tmp_path / folder, "a.jpg", "0 1 0.5 0.5 0.5 0.5\n")
    images = open_image_list(tmp_path, name)
    assert (images.folder, images.name) == (tmp_path / folder, name)


@pytest.mark.parametrize("place", ["Caltech", ".", "image_lists"])
def test_a_list_names_the_pictures(caltech: Path, place: str) -> None:
    (caltech / place).mkdir(exist_ok=True)
    (caltech / place / "caltech.train").write_text("Caltech/images/set00/b.png\n\n")
    # The list of the data set's name holds where none is asked for.
    assert open_image_list(caltech, "caltech").paths == ("set00/b.png",)


def test_several_lists_are_joined(caltech: Path) -> None:
    for name, line in (("x.train", "b.png"), ("x.val", "a.jpg"), ("y.val", "a.jpg")):
        (caltech / name).write_text(f"Caltech/images/set00/{line}\n")
    images = open_image_list(caltech, "caltech", ("x.train", "x.val", "y.val"))
    assert images.paths == ("set00/b.png", "set00/a.jpg")


def test_the_truth_changes_with_labels_and_lists(caltech: Path) -> None:
    before = b"".join(open_image_list(caltech, "caltech").truth())
    label = caltech / "Caltech" / "labels_with_ids" / "set00" / "b.txt"
    label.write_text("0 0 0.5 0.5 0.5 0.4\n")
    changed = b"".join(open_image_list(caltech, "caltech").truth())
    (caltech / "one.train").write_text("Caltech/images/set00/b.png\n")
    fewer = b"".join(open_image_list(caltech, "caltech", ("one.train",)).truth())
    assert len({before, changed, fewer}) == 3


def test_another_class_is_no_person(tmp_path: Path) -> None:
    rows = "0 1 0.5 0.5 0.5 0.5\n1 2 0.2 0.5 0.1 0.5\n"
    add_image(tmp_path / "prw", "a.jpg", rows)
    assert open_image_list(tmp_path, "prw").annotations().ids.tolist() == [1]


def test_a_picture_turned_by_its_camera(tmp_path: Path) -> None:
    """OpenCV reads it upright, and so are its boxes."""
    from PIL import ExifTags, Image

    add_image(tmp_path / "prw", "a.jpg", "0 1 0.5 0.5 0.5 0.5\n")
    picture = Image.new("RGB", (80, 40))
    exif = picture.getexif()
    exif[ExifTags.Base.Orientation] = 6
    picture.save(tmp_path / "prw" / "images" / "a.jpg", exif=exif)
    images = open_image_list(tmp_path, "prw")
    assert images.frame(0).image.shape == (80, 40, 3)
    assert images.annotations().boxes.tolist() == [[10.0, 20.0, 30.0, 60.0]]


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        ("\n0 1 0.5 0.5 0.5\n", "line 2: has 5 columns"),
        ("0 one 0.5 0.5 0.5 0.5\n", "line 1: .* not a number"),
        ("0 1_0 0.5 0.5 0.5 0.5\n", "line 1: .* not a number"),
        ("0 1 0.5 nan 0.5 0.5\n", "not finite"),
        ("0 1 0.5 1e999 0.5 0.5\n", "not finite"),
        ("0 9e18 0.5 0.5 0.5 0.5\n", "its id is not -1 or a whole number"),
        ("0 1.5 0.5 0.5 0.5 0.5\n", "its id is not -1 or a whole number"),
        ("0 1 0.5 0.5 -0.5 0.5\n", r"has no width or no height\."),
        ("0 1 0.5 0.5 0 0.5\n" * 3, r"no height \(2 more such\)"),
        ("0 1 1e200 0.5 0.5 0.5\n", "too far away"),
    ],
)
def test_broken_labels_are_named(tmp_path: Path, labels: str, why: str) -> None:
    add_image(tmp_path / "prw", "a.jpg", labels)
    with pytest.raises(InputError, match=rf"a\.txt.*{why}"):
        open_image_list(tmp_path, "prw").annotations()


def test_what_is_missing_is_named(caltech: Path) -> None:
    (caltech / "bad.train").write_text("set00/b.png\n")
    (caltech / "unlabelled.train").write_text("Caltech/images/d.jpg\n")
    (caltech / "gone.train").write_text("Caltech/images/gone.jpg\n")
    gone = caltech / "Caltech" / "labels_with_ids" / "gone.txt"
    gone.write_text("0 1 0.5 0.5 0.5 0.5\n")
    (caltech / "empty.train").write_text("")
    (caltech / "prw").mkdir()
    with pytest.raises(InputError, match=r"No eth under .*there: Caltech, prw"):
        open_image_list(caltech, "eth")
    with pytest.raises(InputError, match=r"prw lacks images/ or labels_with_ids/"):
        open_image_list(caltech, "prw")
    with pytest.raises(InputError, match=r"bad\.train, line 1: no images/"):
        open_image_list(caltech, "caltech", ("bad.train",))
    with pytest.raises(InputError, match=r"No list 'other\.train'"):
        open_image_list(caltech, "caltech", ("other.train",))
    with pytest.raises(InputError, match=r"no labelled picture in .*empty\.train"):
        open_image_list(caltech, "caltech", ("empty.train",))
    with pytest.raises(InputError, match=r"d\.txt is absent"):
        open_image_list(caltech, "caltech", ("unlabelled.train",)).annotations()
    with pytest.raises(InputError, match=r"gone\.jpg is absent"):
        open_image_list(caltech, "caltech", ("gone.train",)).annotations()
