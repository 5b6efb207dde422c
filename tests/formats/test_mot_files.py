"""MOT files, read and written."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cstrack_bench.errors import InputError
from cstrack_bench.formats import mot_files, mot_rows
from cstrack_bench.formats.mot_files import (
    NO_CLASS,
    read_annotations,
    read_detections,
    read_tracks,
    write_tracks,
)
from cstrack_bench.structures import TrackTable

MOT17_ROWS = """\
1,1,10,20,30,40,1,1,0.5
2,1,11,20,30,40,1,1,1
1,2,50,20,30,40,0,1,1
1,3,90,20,30,40,1,7,1
"""
MOT15_ROWS = """\
1,1,10,20,30,40,1,-1,-1,-1
1,2,50,20,30,40,1,4.4852,5.5016,0
1,3,90,20,30,40,0,-1,-1,-1
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "file.txt"
    path.write_text(text)
    return path


def test_mot17_rows_keep_class_and_visibility(tmp_path: Path) -> None:
    truth = read_annotations(written(tmp_path, MOT17_ROWS))
    assert truth.frames.tolist() == [0, 1, 0, 0]
    assert truth.boxes[0].tolist() == [10, 20, 40, 60]
    assert truth.classes.tolist() == [1, 1, 1, 7]
    assert truth.visibility.tolist() == [0.5, 1, 1, 1]


def test_pedestrians_have_mark_and_class(tmp_path: Path) -> None:
    people = read_annotations(written(tmp_path, MOT17_ROWS)).pedestrians()
    assert people.ids.tolist() == [1, 1]


def test_mot15_has_no_classes_and_world_positions_are_not_classes(
    tmp_path: Path,
) -> None:
    truth = read_annotations(written(tmp_path, MOT15_ROWS))
    assert set(truth.classes.tolist()) == {NO_CLASS}
    assert truth.visibility.tolist() == [1, 1, 1]
    assert truth.pedestrians().ids.tolist() == [1, 2]


def test_seven_columns_are_mot15_too(tmp_path: Path) -> None:
    truth = read_annotations(written(tmp_path, "1,1,10,20,30,40,1\n"))
    assert len(truth.pedestrians()) == 1


def test_between_keeps_absolute_numbers(tmp_path: Path) -> None:
    truth = read_annotations(written(tmp_path, MOT17_ROWS))
    assert truth.between(1, 2).frames.tolist() == [1]


def test_as_tracks_sorts_by_frame_then_id(tmp_path: Path) -> None:
    table = read_annotations(written(tmp_path, MOT17_ROWS)).as_tracks()
    pairs = list(zip(table.frames.tolist(), table.ids.tolist(), strict=True))
    assert pairs == [(0, 1), (0, 2), (0, 3), (1, 1)]


@pytest.mark.parametrize(
    "text",
    [
        "1 1 10 20 30 40 0.5\n",
        "1, 1, 10, 20, 30, 40, 0.5,\r\n\r\n",
        "\ufeff1,1,10,20,30,40,0.5\n",
        "1.0,1.00,10,20,30,40,0.5",
    ],
)
def test_separators_blank_lines_and_marks_of_other_tools(
    tmp_path: Path, text: str
) -> None:
    table = read_tracks(written(tmp_path, text))
    assert (table.frames.tolist(), table.ids.tolist()) == ([0], [1])
    assert table.scores.tolist() == [0.5]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("1,x,10,20,30,40,1", "'x' is not a number"),
        ("1,1,10,20,30", "5 columns"),
        ("1,1,10,20,30,40", "6 columns where the rows before it have 7"),
        ("0,1,10,20,30,40,1", "below 1"),
        ("1.5,1,10,20,30,40,1", "not a whole number"),
        ("1,1,nan,20,30,40,1", "not finite"),
        ("1_0,1,10,20,30,40,1", "'1_0' is not a number (column 1)"),
        ("١,1,10,20,30,40,1", "is not a number (column 1)"),
        ("1,9007199254740994,10,20,30,40,1", "beyond 2^53"),
        ("1,1,1e200,20,30,40,1", "beyond 1,000,000,000 pixels"),
        ("1,1,10,20,30,40,1e39", "beyond float32"),
        ("1,1,10,20,-30,40,1", "columns 5, 6) is negative"),
        ("1,1,10,20,inf,40,1", "not finite"),
        ("1,-1,10,20,30,40,1", "a detection"),
        ("1,7,50,20,30,40,1", "already has a box with its id"),
    ],
)
def test_a_bad_row_is_named_with_its_line(tmp_path: Path, bad: str, why: str) -> None:
    path = written(tmp_path, f"1,7,10,20,30,40,1\n\n{bad}\n2,7,10,20,30,40,1\n")
    with pytest.raises(InputError) as caught:
        read_tracks(path)
    assert f"{path}, line 3: " in str(caught.value)
    assert why in str(caught.value)


def test_only_pedestrians_are_tracks(tmp_path: Path) -> None:
    path = written(tmp_path, "1,1,10,20,30,40,1,1,1\n1,2,10,20,30,40,1,7,1\n")
    with pytest.raises(InputError, match=r"line 2: its class .* not pedestrian"):
        read_tracks(path)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"No such file: .*gone\.txt"):
        read_tracks(tmp_path / "gone.txt")


def test_an_empty_file_is_an_empty_table(tmp_path: Path) -> None:
    assert len(read_tracks(written(tmp_path, ""))) == 0
    assert len(read_annotations(written(tmp_path, "\n"))) == 0
    assert read_detections(written(tmp_path, "")) == {}


def test_detections_by_frame_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = "3,-1,1,2,3,4,-0.5\n1,-1,5,6,7,8,40.1\n3,-1,2,2,3,4,0.9\n"
    found = read_detections(written(tmp_path, text))
    assert sorted(found) == [0, 2]
    assert found[2].boxes.tolist() == [[1, 2, 4, 6], [2, 2, 5, 6]]
    assert found[2].scores.tolist() == pytest.approx([-0.5, 0.9])
    assert found[0].boxes.dtype == np.float32


def test_write_refuses_an_id_twice_in_a_frame(tmp_path: Path) -> None:
    table = TrackTable(np.array([4, 4]), np.array([2, 2]), np.zeros((2, 4)), np.ones(2))
    path = tmp_path / "out.txt"
    with pytest.raises(InputError, match=r"id 2 is twice in frame 5"):
        write_tracks(path, table)
    assert not path.exists()


def test_write_refuses_what_is_not_finite(tmp_path: Path) -> None:
    boxes = np.array([[0, 0, np.nan, 1.0]])
    table = TrackTable(np.array([0]), np.array([1]), boxes, np.ones(1))
    with pytest.raises(InputError, match=r"frame 1 is not a finite number"):
        write_tracks(tmp_path / "out.txt", table)


def test_a_file_counts_from_1_and_has_ten_columns(tmp_path: Path) -> None:
    boxes = np.array([[10.5, 20, 40.25, 60]])
    table = TrackTable(np.array([0]), np.array([3]), boxes, np.array([0.9]))
    write_tracks(tmp_path / "out.txt", table)
    assert (tmp_path / "out.txt").read_text() == "1,3,10.5,20,29.75,40,0.9,-1,-1,-1\n"


coordinate = st.integers(-(10**6), 10**7).map(lambda n: n / 1000)


@st.composite
def tables(draw: st.DrawFn) -> TrackTable:
    pair = st.tuples(st.integers(0, 10**5), st.integers(0, 10**9))
    keys = draw(st.lists(pair, unique=True, max_size=20))
    count = len(keys)
    corners = draw(
        st.lists(st.tuples(*[coordinate] * 4), min_size=count, max_size=count)
    )
    scores = draw(st.lists(st.integers(0, 1000), min_size=count, max_size=count))
    frames, ids = np.array(sorted(keys), np.int64).reshape(-1, 2).T
    boxes = np.array(corners, np.float64).reshape(-1, 4)
    boxes = np.sort(boxes.reshape(-1, 2, 2), axis=1).reshape(-1, 4)
    return TrackTable(frames, ids, boxes, np.array(scores) / 1000)


@settings(max_examples=50, deadline=None)
@given(table=tables())
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, table: TrackTable
) -> None:
    path = tmp_path_factory.mktemp("tracks") / "out.txt"
    write_tracks(path, table)
    back = read_tracks(path)
    assert back.frames.tolist() == table.frames.tolist()
    assert back.ids.tolist() == table.ids.tolist()
    np.testing.assert_allclose(back.boxes, table.boxes, atol=1e-6)
    np.testing.assert_allclose(back.scores, table.scores, atol=1e-9)


NUMBERS = st.floats(-1e4, 1e4, allow_subnormal=False) | st.integers(-5, 2000)


@given(rows=st.lists(st.lists(NUMBERS, min_size=7, max_size=9), max_size=6))
def test_both_parsers_read_a_file_alike(
    rows: list[list[float]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("rows") / "gt.txt"
    path.write_text("".join(",".join(map(str, row)) + "\n" for row in rows))

    def read() -> tuple[object, object] | str:
        try:
            numbers, lines = mot_files.read_rows(path, columns=7)
        except InputError as error:
            return str(error)
        return numbers.tolist(), lines.tolist()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mot_rows, "plain_rows", lambda content: None)
        careful = read()
    assert read() == careful
