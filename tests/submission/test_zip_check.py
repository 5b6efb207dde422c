"""The server's rules: every planted fault is named by its own sentence."""

import functools
import stat
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cstrack_bench.submission.row_rules import check_rows
from cstrack_bench.submission.zip_check import SubmissionCheck, check_submission
from tests.submission.submissions import MOT17, MOT20, contents, rows, write_zip

FILE = "MOT20-01.txt"
Plant = Callable[[Path, dict[str, bytes]], None]


def checked(path: Path) -> SubmissionCheck:
    return check_submission(path, MOT20)


def lines(*changed: str, before: int = 1) -> Plant:
    """Put lines after the first ``before`` ones of one file."""

    def plant(path: Path, files: dict[str, bytes]) -> None:
        good = rows().splitlines()
        text = "\n".join([*good[:before], *changed, *good[before + len(changed) :]])
        write_zip(path, {**files, FILE: f"{text}\n".encode()})

    return plant


def content(make: Callable[[bytes], bytes]) -> Plant:
    """Change the bytes of one file."""
    return lambda path, files: write_zip(path, {**files, FILE: make(files[FILE])})


def renamed(name: str) -> Plant:
    """Call one file otherwise."""

    def plant(path: Path, files: dict[str, bytes]) -> None:
        write_zip(path, {name if n == FILE else n: c for n, c in files.items()})

    return plant


def added(name: str, data: bytes = b"x") -> Plant:
    """Add a file."""
    return lambda path, files: write_zip(path, {**files, name: data})


def without(*names: str) -> Plant:
    """Leave files out."""
    return lambda path, files: write_zip(
        path, {n: c for n, c in files.items() if n not in names}
    )


def in_a_folder(path: Path, files: dict[str, bytes]) -> None:
    write_zip(path, {f"results/{name}": c for name, c in files.items()})


def entry(change: Callable[[zipfile.ZipInfo], None]) -> Plant:
    """Change what the zip says of one file."""

    def plant(path: Path, files: dict[str, bytes]) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in files.items():
                info = zipfile.ZipInfo(name)
                if name == FILE:
                    change(info)
                archive.writestr(info, data)

    return plant


def link(info: zipfile.ZipInfo) -> None:
    info.external_attr = (stat.S_IFLNK | 0o777) << 16


def bzip2(info: zipfile.ZipInfo) -> None:
    info.compress_type = zipfile.ZIP_BZIP2


def encrypted(path: Path, files: dict[str, bytes]) -> None:
    write_zip(path, files)
    data = bytearray(path.read_bytes())
    header = data.index(b"PK\x01\x02")  # of the first file in the list at the end
    data[header + 8] |= 1
    path.write_bytes(data)


def damaged(path: Path, files: dict[str, bytes]) -> None:
    write_zip(path, files)
    data = bytearray(path.read_bytes())
    start = data.index(FILE.encode()) + len(FILE)
    data[start : start + 8] = b"\xff" * 8
    path.write_bytes(data)


def twice(path: Path, files: dict[str, bytes]) -> None:
    write_zip(path, files)
    with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr(FILE, files[FILE])


def truncated(path: Path, files: dict[str, bytes]) -> None:
    write_zip(path, files)
    path.write_bytes(path.read_bytes()[:-100])


TESTING = [f"{name}.txt" for name in MOT20.testing]
FAULTS: dict[str, tuple[Plant, str, str]] = {
    # What is planted -> how, where it is found, what is said of it.
    "cut off": (truncated, "", "is no zip archive, or its list of files is damaged"),
    "no file": (lambda p, f: write_zip(p, {}) and None, "", "is empty"),
    "folder": (in_a_folder, "results/", "is a folder of 8 files"),
    "empty folder": (added("empty/", b""), "empty/", "is an empty folder"),
    "system": (added("__MACOSX/._a"), "__MACOSX/._a", "by the operating system"),
    "extra": (added("notes.md"), "notes.md", "is no result file; leave it out"),
    "unknown": (added("MOT20-09.txt"), "MOT20-09.txt", "is of no sequence of MOT20"),
    "other": (added("MOT17-01-DPM.txt"), "MOT17-01-DPM.txt", "of another benchmark"),
    "letters": (renamed("mot20-01.txt"), "mot20-01.txt", "to be called MOT20-01.txt, "),
    "suffix": (renamed("MOT20-01.csv"), "MOT20-01.csv", "is no .txt file"),
    "twice": (twice, FILE, "is in the zip twice"),
    "outside": (added("../MOT20-01.txt"), "../MOT20-01.txt", "leads out of the zip"),
    "link": (entry(link), FILE, "is a link"),
    "method": (entry(bzip2), FILE, "another method than deflate"),
    "encrypted": (encrypted, FILE, "is encrypted"),
    "damaged": (damaged, FILE, "is damaged and cannot be unpacked"),
    "no training": (without(FILE), "", "lacks 1 of 4 training sequences: MOT20-01"),
    "no test": (without(*TESTING), "", "lacks 4 of 4 test sequences: MOT20-04, "),
    "mark": (content(lambda c: b"\xef\xbb\xbf" + c), f"{FILE}, line 1", "order mark"),
    "NUL": (content(lambda c: c.replace(b"9", b"\0")), FILE, "holds NUL bytes"),
    "latin": (
        content(lambda c: c + "7,1,é,20,30,60,1,-1,-1,-1\n".encode("latin-1")),
        f"{FILE}, line 7",
        "are not UTF-8 text",
    ),
    "old ends": (
        content(lambda c: c.replace(b"\n", b"\r")),
        f"{FILE}, line 1",
        "ends in a carriage return alone",
    ),
    "blank": (lines(""), f"{FILE}, line 2", "is blank"),
    "heading": (
        lines("frame,id,left,top,width,height,score,x,y,z", before=0),
        f"{FILE}, line 1",
        "is a heading",
    ),
    "spaces": (
        lines("1 2 20.5 20 30 60 0.9 -1 -1 -1"),
        f"{FILE}, line 2",
        "by something else than commas",
    ),
    "seven": (lines("1,2,20.5,20,30,60,0.9"), f"{FILE}, line 2", "has 7 columns"),
    "comma": (
        lines("1,2,20.5,20,30,60,0.9,-1,-1,-1,"),
        f"{FILE}, line 2",
        "ends in a comma",
    ),
    "hole": (lines("1,2,,20,30,60,0.9,-1,-1,-1"), f"{FILE}, line 2", "an empty column"),
    "text": (
        lines("1,2,20.5,1_0,30,60,0.9,-1,-1,-1"),
        f"{FILE}, line 2",
        "has '1_0' where a number has to be",
    ),
    "not a number": (
        lines("1,2,20.5,20,30,60,nan,-1,-1,-1"),
        f"{FILE}, line 2",
        "has nan, which is no finite number",
    ),
    "too large": (
        lines("1,2,1e999,20,30,60,0.9,-1,-1,-1"),
        f"{FILE}, line 2",
        "has a number that is too large",
    ),
    "part of a frame": (
        lines("1.5,2,20.5,20,30,60,0.9,-1,-1,-1"),
        f"{FILE}, line 2",
        "has frame 1.5, no whole number",
    ),
    "frame 0": (
        lines("0,2,20.5,20,30,60,0.9,-1,-1,-1", before=0),
        f"{FILE}, line 1",
        "has frame 0; frames count from 1",
    ),
    "beyond": (
        lines("430,2,20.5,20,30,60,0.9,-1,-1,-1", before=5),
        f"{FILE}, line 6",
        "has frame 430 of a sequence of 429",
    ),
    "part of an id": (
        lines("1,2.5,20.5,20,30,60,0.9,-1,-1,-1"),
        f"{FILE}, line 2",
        "has id 2.5, no whole number",
    ),
    "detection": (
        lines("1,-1,20.5,20,30,60,0.9,-1,-1,-1"),
        f"{FILE}, line 2",
        "has id -1: a detection, not a track",
    ),
    "id 0": (
        lines("1,0,20.5,20,30,60,0.9,-1,-1,-1"),
        f"{FILE}, line 2",
        "has id 0; ids count from 1",
    ),
    "width": (
        lines("1,2,20.5,20,0,60,0.9,-1,-1,-1"),
        f"{FILE}, line 2",
        "has a box of width 0",
    ),
    "height": (
        lines("1,2,20.5,20,30,-6,0.9,-1,-1,-1"),
        f"{FILE}, line 2",
        "has a box of height -6",
    ),
    "class": (
        lines("1,2,20.5,20,30,60,0.9,7,-1,-1"),
        f"{FILE}, line 2",
        "has class 7 in column 8",
    ),
    "same id": (
        lines("1,1,90.5,20,30,60,0.9,-1,-1,-1"),
        f"{FILE}, line 2",
        "has id 1 in frame 1, as line 1 has",
    ),
    "order": (
        lines("3,5,90.5,20,30,60,0.9,-1,-1,-1"),
        f"{FILE}, line 3",
        "has frame 2 after frame 3",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_the_one_that_is_named(tmp_path: Path, fault: str) -> None:
    plant, where, what = FAULTS[fault]
    path = tmp_path / "s.zip"
    plant(path, contents(MOT20))
    (found,) = checked(path).faults
    assert found.location == (f"{path}: {where}" if where else str(path))
    assert what in found.what
    assert ". " not in found.what  # one sentence


def test_every_fault_has_a_sentence_of_its_own(tmp_path: Path) -> None:
    said = {}
    for fault, (plant, _, _) in FAULTS.items():
        path = tmp_path / "s.zip"
        plant(path, contents(MOT20))
        said[fault] = checked(path).faults[0].what
        path.unlink()
    assert len(FAULTS) >= 40
    assert len(set(said.values())) == len(FAULTS)
    # … in words too, not only in its numbers and names.
    words = {"".join(c for c in what if not c.isdigit()) for what in said.values()}
    assert len(words) == len(FAULTS)


def test_a_sound_submission_has_no_fault(tmp_path: Path) -> None:
    for benchmark, count in ((MOT20, 8), (MOT17, 42)):
        path = write_zip(tmp_path / "s.zip", contents(benchmark))
        found = check_submission(path, benchmark)
        assert (found.faults, found.remarks) == ((), ())
        assert (found.files, found.rows) == (count, 6 * count)


def test_what_a_server_takes_is_no_fault(tmp_path: Path) -> None:
    files = contents(MOT20)
    by_id = sorted(rows().splitlines(), key=lambda line: line.split(",")[1])
    files["MOT20-02.txt"] = "\n".join(by_id).encode()  # and no line end at the end
    files["MOT20-03.txt"] = rows().replace("\n", "\r\n").encode()
    files["MOT20-05.txt"] = rows().replace(",", ", ").encode()
    files["MOT20-04.txt"] = b"1.0,2e0,-5.25,-3,1e2,.5,0,1,-1,-1\n"
    files["MOT20-06.txt"] = b""
    found = checked(write_zip(tmp_path / "s.zip", files))
    assert found.faults == ()
    assert found.remarks == ("without a row: MOT20-06.txt",)


def test_a_submission_without_any_row_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "s.zip", dict.fromkeys(contents(MOT20), b""))
    (fault,) = checked(path).faults
    assert fault.what == "has no row in any of its files"


def test_the_first_line_of_a_kind_is_named_and_the_others_counted(
    tmp_path: Path,
) -> None:
    files = contents(MOT20)
    files[FILE] = b"1,2,3\n" * 1200 + rows().encode()
    (fault,) = checked(write_zip(tmp_path / "s.zip", files)).faults
    assert fault.location.endswith(f"{FILE}, line 1")
    assert fault.what == "has 3 columns, not 10 (and 1,199 more lines)"


def test_several_faults_are_all_named(tmp_path: Path) -> None:
    files = contents(MOT20)
    files[FILE] = (
        b"1,1,0,0,9,9,1,-1,-1,-1\n0,2,0,0,9,9,1,-1,-1,-1\n1,3,0,0,0,9,1,-1,-1,-1\n"
    )
    del files["MOT20-08.txt"]
    files["read.me"] = b""
    found = [
        fault.what for fault in checked(write_zip(tmp_path / "s.zip", files)).faults
    ]
    assert [what.split()[0:3] for what in found] == [
        ["is", "no", "result"],
        ["lacks", "1", "of"],
        ["has", "frame", "0;"],
        ["has", "a", "box"],
    ]


def test_mot17_names_its_detectors(tmp_path: Path) -> None:
    files = contents(MOT17)
    only = {name: c for name, c in files.items() if "SDP" in name}
    found = check_submission(write_zip(tmp_path / "s.zip", only), MOT17)
    assert [fault.what for fault in found.faults] == [
        "lacks all 14 files of detector DPM",
        "lacks all 14 files of detector FRCNN",
    ]
    files["MOT17-01.txt"] = files.pop("MOT17-01-SDP.txt")
    found = check_submission(write_zip(tmp_path / "s.zip", files), MOT17)
    assert [fault.what for fault in found.faults] == [
        "does not name its detector; MOT17 takes MOT17-01-DPM.txt, "
        "MOT17-01-FRCNN.txt, MOT17-01-SDP.txt",
        "lacks 1 of 21 test sequences: MOT17-01-SDP",
    ]


def test_the_files_of_another_benchmark_are_one_fault(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "s.zip", contents(MOT17))
    first, second = checked(path).faults
    assert first.what == "is of another benchmark than MOT20 (and 41 more files)"
    assert second.what == "has no file of MOT20"


def test_a_file_that_unpacks_to_too_much_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cstrack_bench.submission.zip_check.LARGEST_FILE", 2**20)
    files = {**contents(MOT20), FILE: b"1" * (2**20 + 1)}
    (fault,) = checked(write_zip(tmp_path / "s.zip", files)).faults
    assert fault.what == "unpacks to more than 1 MiB"


def test_names_in_a_zip_cannot_write_on_the_terminal(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "s.zip", {**contents(MOT20), "a\x1b[2Jb.md": b""})
    (fault,) = checked(path).faults
    assert fault.location == f"{path}: a?[2Jb.md"


@pytest.mark.parametrize("length", [450, 1500, 1194, 500, 625, 900, 750])
def test_the_last_frame_of_a_test_sequence_is_its_length(length: int) -> None:
    assert length in MOT17.testing.values()
    last = f"{length},1,0,0,9,9,1,-1,-1,-1\n".encode()
    assert check_rows(last, length, MOT17).faults == ()
    beyond = f"{length + 1},1,0,0,9,9,1,-1,-1,-1\n".encode()
    assert len(check_rows(beyond, length, MOT17).faults) == 1


def test_lengths_add_up_to_what_was_published() -> None:
    assert sum(MOT17.training.values()) == 3 * 5316
    assert sum(MOT17.testing.values()) == 3 * 5919
    assert sum(MOT20.training.values()) == 8931
    assert sum(MOT20.testing.values()) == 4479


_CELLS = st.sampled_from(["1", "2", "0", "-1", "3.5", "nan", "1e400", "", " ", "x"])
# torch flushes subnormal numbers, which these floats therefore leave out.
_number = functools.partial(st.floats, max_value=999, allow_subnormal=False)
_LINES = st.lists(_CELLS, min_size=1, max_size=12).map(",".join)


@settings(max_examples=200)
@given(
    st.binary(max_size=200)
    | st.lists(_LINES, max_size=6).map("\n".join).map(str.encode)
)
def test_no_content_is_too_strange_for_a_sentence(data: bytes) -> None:
    for fault in check_rows(data, 5, MOT20).faults:
        assert fault.what
        assert fault.line >= 0


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(
            *(st.integers(1, 429), st.integers(1, 9), _number(-99)),
            *(_number(-99), _number(0.01), _number(0.01)),
        ),
        unique_by=lambda row: row[:2],
        max_size=30,
    ),
    st.booleans(),
)
def test_sorted_rows_of_distinct_ids_have_no_fault(
    table: list[tuple[float, ...]], by_id: bool
) -> None:
    table.sort(key=lambda row: (row[1], row[0]) if by_id else row[0])
    text = "".join(
        f"{f},{i},{x},{y},{w},{h},1,-1,-1,-1\n" for f, i, x, y, w, h in table
    )
    found = check_rows(text.encode(), 429, MOT20)
    assert (found.faults, found.rows) == ((), len(table))


@pytest.mark.real
def test_a_published_trackers_files_have_no_fault(real_data: Path) -> None:
    files = sorted((real_data / "tracker-results" / "lif_t").glob("*-0[59]-*.txt"))
    assert len(files) == 6
    for file in files:
        found = check_rows(file.read_bytes(), MOT17.lengths[file.stem], MOT17)
        assert found.faults == ()
        assert found.rows > 1000
