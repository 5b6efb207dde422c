"""Which data sets there are, and where each lies."""

import ast
import re
from pathlib import Path

import pytest

import cstrack_bench
from cstrack_bench.datasets.dataset import Dataset, DatasetAbsentError
from cstrack_bench.datasets.dataset_registry import (
    built_in_datasets,
    dataset_in,
    dataset_names,
    find_dataset,
)
from cstrack_bench.errors import InputError


def mot_folder(root: Path, name: str = "MOT17-02-SDP") -> Path:
    """A sequence of annotations alone."""
    folder = root / name
    (folder / "gt").mkdir(parents=True)
    (folder / "gt" / "gt.txt").write_text("1,1,1,2,10,12,1,1,1\n")
    (folder / "seqinfo.ini").write_text(
        f"[Sequence]\nname={name}\nimDir=img1\nframeRate=25\nseqLength=1\n"
        "imWidth=32\nimHeight=24\nimExt=.png\n"
    )
    return folder


def test_data_sets_are_found_in_any_case_and_in_the_root(tmp_path: Path) -> None:
    train = tmp_path / "data" / "MOT17" / "train"
    mot_folder(train)
    mot_folder(train, "MOT17-01-DPM")
    root = tmp_path / "data"
    assert find_dataset("mot17").find(root) == root / "MOT17"
    assert find_dataset("mot17").find(root / "MOT17") == root / "MOT17"
    names = [s.name for s in find_dataset("mot17").open(root)]
    assert names == ["MOT17-01-DPM", "MOT17-02-SDP"]


def test_another_data_set_in_the_root_is_not_taken(tmp_path: Path) -> None:
    mot_folder(tmp_path / "train", "MOT16-09")
    with pytest.raises(InputError, match="holds mot16, not mot17"):
        find_dataset("mot17").find(tmp_path)
    assert find_dataset("mot16").find(tmp_path) == tmp_path


def test_the_name_comes_before_the_root(tmp_path: Path) -> None:
    mot_folder(tmp_path / "train", "street")
    mot_folder(tmp_path / "mot17" / "train")
    assert find_dataset("mot17").find(tmp_path) == tmp_path / "mot17"


def test_synthmot_lies_in_a_folder_named_by_its_settings(tmp_path: Path) -> None:
    mot_folder(tmp_path / "synthmot" / "ab12" / "val", "SYN-01")
    assert find_dataset("synthmot").find(tmp_path) == tmp_path / "synthmot" / "ab12"
    mot_folder(tmp_path / "synthmot" / "cd34" / "val", "SYN-01")
    with pytest.raises(InputError, match=r"several SynthMOTs.*ab12.*cd34"):
        find_dataset("synthmot").find(tmp_path)


def test_what_is_not_found_says_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "mot16-half").mkdir()
    with pytest.raises(InputError, match=r"No mot16 .*there: mot16-half.*--data"):
        find_dataset("mot16").find(tmp_path)
    with pytest.raises(InputError, match="No folder"):
        find_dataset("mot16").find(tmp_path / "gone")


def test_a_root_without_folders_is_absent_data(tmp_path: Path) -> None:
    for dataset in built_in_datasets().values():
        with pytest.raises(DatasetAbsentError):
            dataset.open(tmp_path / "gone")


def test_a_name_in_any_case_stands_for_the_object() -> None:
    assert find_dataset("MOT17") is built_in_datasets()["mot17"]
    assert dataset_names() == tuple(sorted(dataset_names()))


def test_every_data_set_has_a_component_of_its_own() -> None:
    components = [d.component for d in built_in_datasets().values()]
    assert [c.name for c in components] == [f"dataset {n}" for n in built_in_datasets()]


def test_an_unknown_name_is_a_folder_or_a_misspelt_one(tmp_path: Path) -> None:
    mot_folder(tmp_path / "mine" / "train", "street")
    (sequence,) = find_dataset("mine").open(tmp_path)
    assert sequence.name == "street"
    with pytest.raises(DatasetAbsentError, match="the nearest is 'mot17'"):
        find_dataset("mott17").find(tmp_path)


def test_a_folder_tells_what_it_holds(tmp_path: Path) -> None:
    mot_folder(tmp_path / "a" / "train", "MOT20-01")
    mot_folder(tmp_path / "b" / "train", "street")
    (tmp_path / "HIE20").mkdir()
    (tmp_path / "Cityscapes").mkdir()
    (tmp_path / "c" / "labels_with_ids").mkdir(parents=True)
    (tmp_path / "d").mkdir()
    names = [dataset_in(tmp_path / n).name for n in ("a", "b", "HIE20", "Cityscapes")]
    assert names == ["mot20", "b", "hieve", "citypersons"]
    assert dataset_in(tmp_path / "c").name == "c"
    with pytest.raises(InputError, match="holds none of train/"):
        dataset_in(tmp_path / "d")


def test_what_is_no_data_set_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("DATASET = 5\n")
    with pytest.raises(InputError, match="is of type int, not Dataset"):
        find_dataset(f"{tmp_path / 'mine.py'}:DATASET")
    with pytest.raises(InputError, match=r"No file .*gone"):
        find_dataset(f"{tmp_path / 'gone.py'}:DATASET")


def test_images_have_no_sequences(tmp_path: Path) -> None:
    images = tmp_path / "prw"
    for folder in ("images", "labels_with_ids"):
        (images / folder).mkdir(parents=True)
    with pytest.raises(InputError, match=r"prw has images.*data\.mix"):
        find_dataset("prw").open(tmp_path)
    with pytest.raises(InputError, match=r"prw has images.*data\.mix"):
        find_dataset("prw").parts(tmp_path, "full")


def test_no_other_module_compares_the_name_of_a_data_set() -> None:
    """Whoever needs to know asks the object."""
    package = Path(cstrack_bench.__file__).parent
    compared = []
    for path in sorted(package.rglob("*.py")):
        if path.relative_to(package).parts[0] == "datasets":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare):
                compared += [
                    f"{path.relative_to(package)}:{node.lineno}"
                    for part in ast.walk(node)
                    if isinstance(part, ast.Constant)
                    and part.value in built_in_datasets()
                ]
    assert compared == []


def test_each_file_declares_its_own() -> None:
    folder = Path(cstrack_bench.__file__).parent / "datasets"
    for name, dataset in built_in_datasets().items():
        assert isinstance(dataset, Dataset)
        # One module is called otherwise: ``synthmot`` is the package that paints it.
        stem = name.replace("-", "_")
        own = [folder / f"{stem}.py", folder / f"{stem}_dataset.py"]
        (source,) = [f.read_text(encoding="utf-8") for f in own if f.is_file()]
        assert re.search(rf'name="{name}"', source)
