"""Every catalogued data set from its published layout to a training step."""

import dataclasses
import io
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from cstrack_bench.datasets.crowdhuman import CrowdHuman
from cstrack_bench.datasets.dataset_registry import built_in_datasets, find_dataset
from cstrack_bench.datasets.experiment_data import open_data
from cstrack_bench.datasets.jde_layout import JdeDataset
from cstrack_bench.download.catalogue import find_item
from cstrack_bench.download.download_item import DownloadOptions, download
from cstrack_bench.errors import InputError
from cstrack_bench.evaluation.self_check import imperfections
from cstrack_bench.experiments.recipes import load_recipe
from cstrack_bench.formats.jde_lists import ImageList
from cstrack_bench.models.cstrack_config import make_config
from cstrack_bench.models.cstrack_network import CSTrack
from cstrack_bench.systems.system_registry import find_system
from cstrack_bench.training.loop import train
from cstrack_bench.training.train_config import LossConfig, TrainConfig
from cstrack_bench.training_data.loading import TrainingSet
from tests.datasets.miniatures import (
    FOLDERS,
    FRAMES,
    NAMES,
    Archives,
    film,
    label,
    mot17_of_jde,
    picture,
    publish,
    unpack,
)
from tests.download.sites import HASTY, serving, zipped
from tests.download.test_archives import split

SIZE = (64, 96)
DATA_SETS = [name for name in NAMES if name not in FOLDERS]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A root into which every miniature was downloaded from a local server."""
    root = tmp_path_factory.mktemp("root")
    with pytest.MonkeyPatch.context() as patch, serving() as site:
        for variable in ("NO_PROXY", "no_proxy"):
            patch.setenv(variable, "127.0.0.1")
        for name in NAMES:
            files = pack(publish(name, tmp_path_factory.mktemp("published")))
            for file, content in files.items():
                site.add(f"/{name}/{file}", content)
            given: tuple[Path, ...] = ()
            if name == "hieve":  # only on registration
                given = (tmp_path_factory.mktemp("given") / "HIE20.zip",)
                given[0].write_bytes(files["HIE20.zip"])
            options = DownloadOptions(given, mirror=site.url(), policy=HASTY)
            done = download(find_item(name), root, options)
            assert done.path == root / FOLDERS.get(name, name)
        yield root


def pack(archives: Archives) -> dict[str, bytes]:
    """The files that a server has, by the names of the catalogue."""
    files = {}
    for name, content in archives.items():
        if content.is_file():
            files[name] = content.read_bytes()
        elif name.endswith(".tar"):
            buffer = io.BytesIO()
            with tarfile.open(fileobj=buffer, mode="w") as tar:
                for entry in sorted(content.iterdir()):
                    tar.add(entry, entry.name)
            files[name] = buffer.getvalue()
        else:
            entries = sorted(f for f in content.rglob("*") if f.is_file())
            files[name] = zipped(
                {str(f.relative_to(content)): f.read_bytes() for f in entries}
            )
    if "Citypersons.zip" in files:  # which comes in four parts
        whole = files.pop("Citypersons.zip")
        with tempfile.TemporaryDirectory() as folder:
            parts = split(whole, len(whole) // 4 + 10, Path(folder))
            assert len(parts) == 4
            for part in parts:
                files[f"Citypersons{part.suffix}"] = part.read_bytes()
    return files


def faults_of(folder: Path, name: str) -> list[tuple[str, str]]:
    dataset = find_dataset(name)
    found = dataset.verify(folder, True, lambda parts: imperfections(parts, dataset))
    return [(problem.location, problem.what) for problem in found.problems]


def normalise(folder: Path, name: str) -> list[str]:
    return find_dataset(name).normalise(folder)


def images_of(root: Path, name: str, *lists: str) -> ImageList:
    dataset = find_dataset(name)
    assert isinstance(dataset, JdeDataset)
    return dataset.images(root, lists)


@pytest.mark.parametrize("name", DATA_SETS)
def test_a_miniature_is_sound_and_not_complete(root: Path, name: str) -> None:
    assert faults_of(root / name, name) == []
    found = find_dataset(name).verify(root / name)
    assert found.sequences
    assert found.missing


@pytest.mark.parametrize("name", DATA_SETS)
def test_a_second_normalisation_finds_nothing_to_do(root: Path, name: str) -> None:
    before = sorted(root.rglob("*"))
    assert normalise(root / name, name) == []
    assert sorted(root.rglob("*")) == before


@pytest.mark.parametrize(
    ("name", "images", "boxes", "identities"),
    [
        # set00 to set05, not set06; JDE's list of one picture is not the official one.
        ("caltech", 6, 12, 6),
        ("citypersons", 2, 4, 0),
        ("cuhk-sysu", 3, 6, 3),
        # Person 0 is one like any other (docs/reference.md#identity-numbering).
        ("prw", 2, 2, 2),
        ("eth", 5, 5, 0),
        ("crowdhuman", 3, 3, 0),
    ],
)
def test_the_training_list_is_the_published_part(
    root: Path, name: str, images: int, boxes: int, identities: int
) -> None:
    listed = images_of(root, name)
    truth = listed.annotations()
    assert (len(listed), len(truth)) == (images, boxes)
    assert len(np.unique(truth.ids[truth.ids >= 0])) == identities
    dataset = TrainingSet([listed], SIZE, None, 0)
    assert (len(dataset), dataset.identities) == (images, identities + 1)
    pixels, targets, _ = dataset[(0, 0)]
    assert pixels.shape == (3, *SIZE)
    assert len(targets) >= 1


@pytest.mark.parametrize("name", ["mot15", "mot16", "mot17", "mot20", "hieve"])
def test_sequences_are_found_with_people_and_pictures(root: Path, name: str) -> None:
    for sequence in find_dataset(name).open(root):
        truth = sequence.annotations()
        assert truth is not None
        assert len(truth.pedestrians()) == 2 * FRAMES
        assert [len(sequence), sequence.has_images] == [FRAMES, True]
        assert sequence.frame(FRAMES - 1).image.shape == (64, 96, 3)
    tested = find_dataset(name).open(root, "test")
    assert all(s.annotations() is None for s in tested)


@pytest.mark.parametrize(
    ("mix", "images", "identities"),
    [
        ("S", 2 * FRAMES, 4),
        # Caltech 6, CUHK-SYSU 3 (0, 1 and 2), PRW 2; the others have none.
        ("M", 2 * FRAMES + 6 + 2 + 3 + 2 + 5, 4 + 6 + 3 + 2),
        ("B", 2 * FRAMES + 6 + 2 + 3 + 2 + 5 + 4, 4 + 6 + 3 + 2),
    ],
)
def test_a_step_of_each_mix(
    root: Path, tmp_path: Path, mix: str, images: int, identities: int
) -> None:
    changes = [f"data.mix={mix}", "data.split=full"]
    (run,) = load_recipe("table4").runs("paper", [2], 1, changes)
    config = run.settings.data
    data = open_data(dataclasses.replace(config, input_size="96x64"), root)
    dataset = TrainingSet(data.train, SIZE, None, 0)
    assert len(dataset) == images
    assert dataset.identities == 1 + identities
    # Every identity is a class of its own, and no class is nobody's.
    seen = {int(i) for n in range(images) for i in dataset[(0, n)][1][:, 0]}
    assert seen | {0} == set(range(dataset.identities))
    torch.manual_seed(0)
    network = CSTrack(make_config("n"))
    loss = find_system("cstrack").loss(network, dataset.identities, LossConfig())
    _, summary = train(
        network,
        loss,
        dataset,
        TrainConfig(epochs=1, batch=images, nominal_batch=images, workers=0),
        tmp_path / "state",
        "0",
        0,
        torch.device("cpu"),
    )
    assert (summary.steps, summary.identities) == (1, identities)
    assert all(np.isfinite(list(summary.loss.values())))


def test_the_mixes_are_the_sums_of_their_lists() -> None:
    lists = [
        row
        for dataset in built_in_datasets().values()
        if isinstance(dataset, JdeDataset)
        for row in dataset.lists
    ]
    entry = find_dataset("mot17").entry
    assert entry is not None
    mot17 = int(entry.expects.images or 0)
    added = {mix: [r.images for r in lists if mix in r.mixes] for mix in ("M", "B")}
    # Images of S, M and B (docs/reference.md#mixes).
    assert mot17 == 5316
    assert mot17 + sum(added["M"]) == 53508
    assert mot17 + sum(added["B"]) == 72878


def test_mot17_with_the_labels_of_jde(tmp_path: Path) -> None:
    folder = unpack(mot17_of_jde(tmp_path / "published"), tmp_path / "mot17")
    assert "moved images/train/ to train/" in normalise(folder, "mot17")
    assert faults_of(folder, "mot17") == []
    assert len(find_dataset("mot17").open(tmp_path)) == 1


def test_crowdhuman_boxes_are_full_and_nobody_ignored_is_among_them(
    root: Path,
) -> None:
    truth = images_of(root, "crowdhuman").annotations()
    assert truth.ids.tolist() == [-1] * 3
    # The full box leaves the picture on the left, as published.
    assert truth.boxes == pytest.approx(np.tile([-6.0, 5, 24, 63], (3, 1)), abs=1e-3)


def test_crowdhuman_with_an_identity_for_every_box(tmp_path: Path) -> None:
    folder = unpack(publish("crowdhuman", tmp_path / "p"), tmp_path / "crowdhuman")
    dataset = find_dataset("crowdhuman")
    assert isinstance(dataset, CrowdHuman)
    dataclasses.replace(dataset, identities="unique").normalise(folder)
    both = ("crowdhuman.train", "crowdhuman.val")
    truth = images_of(tmp_path, "crowdhuman", *both).annotations()
    assert truth.ids.tolist() == [1, 2, 3, 4]
    with pytest.raises(InputError, match=r"'uniqe'.*nearest is 'unique'"):
        dataclasses.replace(dataset, identities="uniqe")  # type: ignore[arg-type]


def test_crowdhuman_with_a_folder_for_each_part(tmp_path: Path) -> None:
    folder = unpack(publish("crowdhuman", tmp_path / "p"), tmp_path / "crowdhuman")
    for subset, numbers in (("train", (0, 1, 2)), ("val", (3,))):
        (folder / "images" / subset).mkdir(parents=True)
        for number in numbers:
            name = f"{273270 + number},c9db000d5146c15.jpg"
            (folder / "Images" / name).rename(folder / "images" / subset / name)
    (folder / "Images").rmdir()
    normalise(folder, "crowdhuman")
    assert faults_of(folder, "crowdhuman") == []
    assert len(images_of(tmp_path, "crowdhuman")) == 3


def test_pictures_of_a_film_are_its_own_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "caltech"
    film(folder / "set01" / "V003.seq", 4, stamp=16)
    label(folder / "labels_with_ids" / "set01_V003_2.txt", 5)
    normalise(folder, "caltech")
    written = [f.name for f in (folder / "images").iterdir()]
    assert written == ["set01_V003_2.jpg"]
    content = (folder / "images" / written[0]).read_bytes()
    assert content in (folder / "set01" / "V003.seq").read_bytes()
    assert cv2.imdecode(np.frombuffer(content, np.uint8), 1).shape == (64, 96, 3)


def test_a_film_that_ends_too_soon_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "caltech"
    reel = folder / "set01" / "V003.seq"
    film(reel, 3)
    label(folder / "labels_with_ids" / "set01_V003_7.txt", 5)
    with pytest.raises(InputError, match=r"V003\.seq has no picture 7"):
        normalise(folder, "caltech")
    reel.write_bytes(reel.read_bytes()[:-3000])
    with pytest.raises(InputError, match=r"V003\.seq ends or breaks at picture 3 of 3"):
        normalise(folder, "caltech")


def test_films_may_come_after_the_labels(tmp_path: Path) -> None:
    folder = tmp_path / "caltech"
    archives = publish("caltech", tmp_path / "p")
    labels = {"caltech_labels.zip": archives.pop("caltech_labels.zip")}
    normalise(unpack(labels, folder), "caltech")
    assert not (folder / "caltech.train").exists()
    first = {"set00.tar": archives.pop("set00.tar")}
    normalise(unpack(first, folder), "caltech")
    assert len((folder / "caltech.train").read_text().splitlines()) == 1
    normalise(unpack(archives, folder), "caltech")
    assert len((folder / "caltech.train").read_text().splitlines()) == 6


@pytest.mark.parametrize("name", ["crowdhuman", "caltech", "eth"])
def test_what_was_unpacked_by_hand_is_normalised_by_the_same_command(
    tmp_path: Path, name: str
) -> None:
    folder = unpack(publish(name, tmp_path / "p"), tmp_path / "root" / name)
    done = download(find_item(name), tmp_path / "root")
    assert (done.path, done.done) == (folder, "here")
    assert done.remarks
    assert download(find_item(name), tmp_path / "root").remarks == []
    assert faults_of(folder, name) == []


def test_eth_is_without_the_sequences_of_mot16(tmp_path: Path) -> None:
    folder = unpack(publish("eth", tmp_path / "p"), tmp_path / "eth")
    picture(folder / "ETHZ" / "eth04" / "images" / "a.png")
    label(folder / "ETHZ" / "eth04" / "labels_with_ids" / "a.txt", -1)
    normalise(folder, "eth")
    listed = images_of(tmp_path, "eth")
    assert len(listed) == 5
    assert not any("eth04" in path for path in listed.paths)


def test_two_files_in_one_place_are_left_alone(tmp_path: Path) -> None:
    folder = unpack(publish("eth", tmp_path / "p"), tmp_path / "eth")
    picture(folder / "images" / "eth01" / "image_00000000_0.png", 9)
    with pytest.raises(InputError, match="would overwrite"):
        normalise(folder, "eth")


def test_what_is_no_data_set_is_not_touched(tmp_path: Path) -> None:
    picture(tmp_path / "own" / "inner" / "a.jpg")
    assert normalise(tmp_path / "own", "own") == []
    assert (tmp_path / "own" / "inner" / "a.jpg").is_file()
    with pytest.raises(InputError, match="No such folder"):
        normalise(tmp_path / "gone", "eth")
