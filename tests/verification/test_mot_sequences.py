"""Verification names each wrong thing, and only wrong things."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from cstrack_bench.datasets.dataset_registry import find_dataset
from cstrack_bench.evaluation.self_check import imperfections
from cstrack_bench.verification.findings import Verification

FRAMES = 12
GT = [
    f"{frame},{person},{10 * person},5,8,16,1,1,1"
    for person in (1, 2)
    for frame in range(1, FRAMES + 1)
]


@pytest.fixture
def sequence(tmp_path: Path) -> Path:
    """A sound sequence of 12 JPEG frames, 64×48, two people."""
    folder = tmp_path / "set" / "train" / "MOT17-02-SDP"
    (folder / "img1").mkdir(parents=True)
    (folder / "gt").mkdir()
    (folder / "det").mkdir()
    for n in range(1, FRAMES + 1):
        noise = np.random.default_rng(n).integers(0, 255, (48, 64, 3), np.uint8)
        cv2.imwrite(str(folder / "img1" / f"{n:06d}.jpg"), noise)
    (folder / "gt" / "gt.txt").write_text("\n".join(GT) + "\n")
    (folder / "det" / "det.txt").write_text("1,-1,10,5,8,16,0.5\n")
    (folder / "seqinfo.ini").write_text(
        "[Sequence]\nname=MOT17-02-SDP\nimDir=img1\nframeRate=30\n"
        f"seqLength={FRAMES}\nimWidth=64\nimHeight=48\nimExt=.jpg\n"
    )
    return folder


def check(sequence: Path, every_picture: bool = False) -> Verification:
    mot17 = find_dataset("mot17")
    return mot17.verify(
        sequence.parents[1], every_picture, lambda parts: imperfections(parts, mot17)
    )


def replace_line(sequence: Path, number: int, row: str) -> None:
    rows = list(GT)
    rows[number - 1] = row
    (sequence / "gt" / "gt.txt").write_text("\n".join(rows) + "\n")


def test_a_sound_sequence_has_no_problem(sequence: Path) -> None:
    found = check(sequence, every_picture=True)
    assert found.problems == []
    assert found.remarks == []
    facts = found.sequences[0]
    assert (facts.frames, facts.pictures, facts.boxes, facts.identities) == (
        FRAMES,
        True,
        2 * FRAMES,
        2,
    )


def test_what_is_missing_is_said_and_is_no_problem(sequence: Path) -> None:
    absent, frames, tests = check(sequence).missing
    assert "MOT17-13-FRCNN" in absent
    assert "MOT17-02-SDP" not in absent
    assert frames == "588 of the 600 frames of MOT17-02-SDP"
    assert "test sequences" in tests


def test_annotations_alone_are_sound(sequence: Path) -> None:
    for file in (sequence / "img1").iterdir():
        file.unlink()
    found = check(sequence)
    assert found.problems == []
    assert any("pictures of 1 training" in text for text in found.missing)


def test_splits_carry_hashes_and_frames(sequence: Path) -> None:
    splits = check(sequence).splits
    assert splits["half/official"].train_frames == 6
    assert splits["half/bytetrack"].train_frames == 7
    assert splits["half/official"].val != splits["half/bytetrack"].val


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("1,1,10,5,8,16,1,1", "8 columns where the rows before it have 9"),
        ("1,1,10,5,x,16,1,1,1", "'x' is not a number"),
        ("1,1,10,5,nan,16,1,1,1", "not finite"),
        ("13,1,10,5,8,16,1,1,1", "not one of 1 to 12"),
        ("0,1,10,5,8,16,1,1,1", "not one of 1 to 12"),
        ("1,-4,10,5,8,16,1,1,1", "id is not a whole number"),
        ("2,1,30,5,8,16,1,1,1", "already has a box with its id"),
        ("3,1,10,5,0,16,1,1,1", "no width or no height"),
        ("3,1,10,5,8,16,7,1,1", "mark (column 7)"),
        ("3,1,10,5,8,16,1,14,1", "class (column 8)"),
        ("3,1,10,5,8,16,1,1,1.5", "visibility (column 9)"),
        ("3,1,64,5,8,16,1,1,1", "wholly outside the 64×48 picture"),
    ],
)
def test_a_wrong_row_is_named_with_file_and_line(
    sequence: Path, row: str, what: str
) -> None:
    replace_line(sequence, 3, row)
    problems = check(sequence).problems
    assert [p.location for p in problems] == [f"{sequence / 'gt' / 'gt.txt'}, line 3"]
    assert what in problems[0].what
    assert "cstrack download mot17 --fresh" in problems[0].mend


def test_amodal_boxes_may_leave_the_picture_partly(sequence: Path) -> None:
    replace_line(sequence, 3, "3,1,-20,-10,30,300,1,1,0.1")
    assert check(sequence).problems == []


def test_a_box_in_a_hundred_outside_is_only_a_remark(sequence: Path) -> None:
    crowd = [f"{f},{p},{5 + p},5,8,16,1,1,1" for p in range(30) for f in range(1, 13)]
    crowd[100] = "5,8,-54,5,52,16,1,1,0.02"
    (sequence / "gt" / "gt.txt").write_text("\n".join(crowd) + "\n")
    found = check(sequence)
    assert found.problems == []
    assert "line 101" in found.remarks[0]


def test_many_wrong_lines_are_counted(sequence: Path) -> None:
    rows = [row.replace(",1,1,1", ",1,99,1") for row in GT]
    (sequence / "gt" / "gt.txt").write_text("\n".join(rows) + "\n")
    problems = check(sequence).problems
    assert len(problems) == 21
    assert problems[-1].what.startswith("4 more lines: ")


def cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def other_size(file: Path) -> None:
    cv2.imwrite(str(file), np.zeros((24, 32, 3), np.uint8))


def no_picture(file: Path) -> None:
    file.write_bytes(b"text, with the end of a JPEG \xff\xd9")


@pytest.mark.parametrize(
    ("harm", "what"),
    [
        (cut_off, "cut off"),
        (other_size, "is 32×24 where seqinfo.ini says 64×48"),
        (no_picture, "cannot be decoded"),
    ],
)
def test_a_harmed_picture_is_named(
    sequence: Path, harm: Callable[[Path], None], what: str
) -> None:
    file = sequence / "img1" / "000005.jpg"
    harm(file)
    problems = check(sequence, every_picture=True).problems
    assert [p.location for p in problems] == [str(file)]
    assert what in problems[0].what


def test_missing_and_extra_pictures_are_counted(sequence: Path) -> None:
    pictures = sequence / "img1"
    (pictures / "000003.jpg").unlink()
    (pictures / "000004.jpg").rename(pictures / "000013.jpg")
    said = [(p.location, p.what) for p in check(sequence).problems]
    assert (str(pictures), "lacks 2 of 12 frames: 3, 4") in said
    assert said[1][0] == str(pictures / "000013.jpg")
    assert "is frame 13 of 12" in said[1][1]


def test_frames_numbered_from_0_are_taken_as_from_1_and_told(
    sequence: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = sequence / "img1"
    for n in range(1, FRAMES + 1):
        (pictures / f"{n:06d}.jpg").rename(pictures / f"{n - 1:06d}.jpg")
    assert check(sequence).problems == []
    assert "000000.jpg is taken as frame 1" in capsys.readouterr().err


def test_frames_numbered_from_0_with_a_gap_are_wrong(sequence: Path) -> None:
    pictures = sequence / "img1"
    (pictures / "000005.jpg").rename(pictures / "000000.jpg")
    (fault,) = [p for p in check(sequence).problems if "img1" in p.location]
    assert "a picture of number 0 (000000.jpg) and gaps" in fault.what


def test_a_seqinfo_that_lies_is_found_out(sequence: Path) -> None:
    info = sequence / "seqinfo.ini"
    info.write_text(info.read_text().replace("seqLength=12", "seqLength=11"))
    problems = check(sequence).problems
    assert any("000012.jpg" in p.location for p in problems)
    assert any(p.location.endswith("gt.txt, line 12") for p in problems)


def test_absent_ground_truth_is_wrong_in_train_and_right_in_test(
    sequence: Path,
) -> None:
    (sequence / "gt" / "gt.txt").unlink()
    assert [p.what for p in check(sequence).problems] == ["is absent"]
    sequence.parent.rename(sequence.parents[1] / "test")
    assert check(sequence).problems == []


def test_a_broken_seqinfo_and_detections_are_named(sequence: Path) -> None:
    (sequence / "det" / "det.txt").write_text("1,-1,10,5,8,16,0.5\n99,-1,1,1,1,1,1\n")
    assert "has frame 99 of 12" in check(sequence).problems[0].what
    (sequence / "seqinfo.ini").write_text("[Sequence]\n")
    assert "seqinfo.ini lacks" in check(sequence).problems[0].what


def test_an_empty_folder_is_not_sound(tmp_path: Path) -> None:
    assert (
        "holds no sequence" in find_dataset("mot17").verify(tmp_path).problems[0].what
    )


@pytest.mark.real
@pytest.mark.parametrize(
    ("folder", "name", "sequences", "boxes"),
    [
        ("mot15", "mot15", 2, 359 + 1156),
        ("mot16-half-res", "mot16", 2, 5257 + 9174),
        ("mot17-annotations", "mot17", 21, 336891),
    ],
)
def test_the_real_sequences_are_sound(
    real_data: Path, folder: str, name: str, sequences: int, boxes: int
) -> None:
    dataset = find_dataset(name)
    found = dataset.verify(dataset.find(real_data / folder))
    assert found.problems == []
    assert len(found.sequences) == sequences
    assert sum(facts.boxes or 0 for facts in found.sequences) == boxes
