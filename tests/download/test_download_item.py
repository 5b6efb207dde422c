"""From a name to files in their place: whole, or not there."""

import dataclasses
import hashlib
import json
import random
from pathlib import Path

import gdown
import pytest

from cstrack_bench.datasets.catalogue_item import CatalogueItem, RemoteFile
from cstrack_bench.download.checksums import CHECKSUMS
from cstrack_bench.download.download_item import DownloadOptions, download
from cstrack_bench.download.http import ProgressReport
from cstrack_bench.download.item_state import DOWNLOADS, item_state
from cstrack_bench.errors import CstrackError, InputError
from tests.download.sites import (
    HASTY,
    Reply,
    Site,
    an_item,
    mot17,
    tarred_link,
    visible,
    weights,
    zipped,
)

GOOD = mot17()
PLACED = [
    "mot17/train/MOT17-02-SDP/gt/gt.txt",
    "mot17/train/MOT17-02-SDP/img1/000001.jpg",
    "mot17/train/MOT17-02-SDP/seqinfo.ini",
]


def fails(item: CatalogueItem, root: Path, wishes: DownloadOptions, match: str) -> str:
    """Nothing of it is there afterwards; returns the sentence."""
    with pytest.raises(CstrackError, match=match) as caught:
        download(item, root, wishes)
    assert [f for f in visible(root) if f != CHECKSUMS] == []
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


@pytest.mark.parametrize("wrapped", ["MOT17/", "", "MOT17/images/"])
def test_a_data_set_comes_to_its_place_however_it_is_wrapped(
    site: Site, tmp_path: Path, hasty: DownloadOptions, wrapped: str
) -> None:
    item = an_item(site.add("/a.zip", mot17(wrapped)))
    outcome = download(item, tmp_path, hasty)
    assert (outcome.done, outcome.path) == ("downloaded", tmp_path / "mot17")
    assert visible(tmp_path) == [CHECKSUMS, *PLACED]
    # Neither the archive nor anything unpacked stays.
    assert [p.name for p in (tmp_path / DOWNLOADS).rglob("*.zip*")] == []


def test_what_is_done_is_not_done_again(
    site: Site, tmp_path: Path, hasty: DownloadOptions
) -> None:
    item = an_item(site.add("/a.zip", GOOD))
    download(item, tmp_path, hasty)
    assert download(item, tmp_path, hasty).done == "here"
    assert len(site.requests) == 1


def test_weights_come_to_their_place_and_are_not_unpacked(
    site: Site, tmp_path: Path, hasty: DownloadOptions
) -> None:
    packed = zipped({"net/data.pkl": b"1"})
    item = weights(site.add("/net.pt", packed))
    assert download(item, tmp_path, hasty).path == tmp_path / "weights" / "net.pt"
    assert (tmp_path / "weights" / "net.pt").read_bytes() == packed


def test_the_first_source_that_gives_it_is_taken(
    site: Site, tmp_path: Path, hasty: DownloadOptions
) -> None:
    page = b"<!DOCTYPE html><title>Quota exceeded</title>"
    sources = [
        site.url("/gone.zip"),
        "http://127.0.0.1:1/nobody.zip",
        site.add("/page.zip", page),
        site.add("/empty.zip", b""),
        site.add("/mirror.zip", GOOD),
        site.add("/never.zip", GOOD),
    ]
    download(an_item(*sources), tmp_path, hasty)
    assert PLACED[0] in visible(tmp_path)
    asked = [path for path, _ in site.requests]
    assert asked == ["/gone.zip", "/page.zip", "/empty.zip", "/mirror.zip"]


def test_a_mirror_goes_before_the_sources(
    site: Site, tmp_path: Path, hasty: DownloadOptions
) -> None:
    site.add("/lab/mot17/MOT17.zip", GOOD)
    item = an_item(site.url("/gone.zip"))
    download(item, tmp_path, dataclasses.replace(hasty, mirror=site.url("/lab/")))
    assert [path for path, _ in site.requests] == ["/lab/mot17/MOT17.zip"]


def test_a_mirror_is_a_url() -> None:
    with pytest.raises(InputError, match="http"):
        DownloadOptions(mirror="/home/lab")


def test_the_sentence_says_of_each_source_why_and_how_to_go_on_by_hand(
    site: Site, tmp_path: Path, hasty: DownloadOptions
) -> None:
    item = an_item(site.url("/gone.zip"), "http://127.0.0.1:1/nobody.zip")
    sentence = fails(item, tmp_path, hasty, "Cannot download mot17")
    assert (
        f"127.0.0.1:{site.port}: answers 404; 127.0.0.1:1: cannot be reach" in sentence
    )
    assert "get MOT17.zip with a browser from https://example.org/mot17" in sentence
    assert "cstrack download mot17 --from-file MOT17.zip" in sentence


def test_by_hand_from_google_drive_its_link_is_given(
    tmp_path: Path, hasty: DownloadOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise gdown.exceptions.FileURLRetrievalError("quota")

    monkeypatch.setattr(gdown, "download", refuse)
    identity = "1x0HUDD9t6mnHi3q2N3Uf4gtmBBwPvAd7"
    sentence = fails(weights(f"drive:{identity}"), tmp_path, hasty, "Cannot download")
    assert f"from https://drive.google.com/file/d/{identity}, then" in sentence


@pytest.mark.parametrize("wrong", [{"sha256": "0" * 64}, {"bytes": 5}])
def test_a_wrong_checksum_or_length_is_refused_and_another_source_taken(
    site: Site, tmp_path: Path, hasty: DownloadOptions, wrong: dict[str, object]
) -> None:
    bad, good = b"bad" * 1000, b"good!"
    right = {"sha256": hashlib.sha256(good).hexdigest(), "bytes": 5}
    one = site.add("/one", bad)
    fails(weights(one, **wrong), tmp_path, hasty, "checksum|instead of 5")
    chosen = {name: right[name] for name in wrong}
    item = weights(one, site.add("/two", good), **chosen)
    download(item, tmp_path, hasty)
    assert (tmp_path / "weights" / "net.pt").read_bytes() == good


HOSTILE: list[tuple[bytes, str]] = [
    (GOOD[:200_000], "is damaged"),
    (GOOD[:-10], "is damaged"),
    (GOOD[:90_000] + b"\0\0\0\0" + GOOD[90_004:], "is damaged"),
    (zipped({"train/a": b"1", "../evil": b"2"}), "outside of its folder"),
    (zipped({"train/a": b"1", "/elsewhere/evil": b"2"}), "outside of its folder"),
    (tarred_link(), "a link or a device"),
    (zipped({"zeros": bytes(200_000_000)}), "would become"),
    (b"no archive at all" * 100, "is damaged"),
    (zipped({"readme": b"another thing"}), "something else"),
]


@pytest.mark.parametrize(("content", "words"), HOSTILE)
def test_a_bad_archive_leaves_nothing_and_another_source_mends_it(
    site: Site,
    tmp_path: Path,
    hasty: DownloadOptions,
    content: bytes,
    words: str,
) -> None:
    bad = site.add("/bad.zip", content)
    assert words in fails(an_item(bad), tmp_path, hasty, "mot17")
    item = an_item(bad, site.add("/good.zip", GOOD))
    download(item, tmp_path, hasty)
    assert visible(tmp_path) == [CHECKSUMS, *PLACED]
    assert not list(tmp_path.parent.rglob("evil"))


@pytest.mark.parametrize(("content", "words"), HOSTILE)
def test_a_bad_archive_that_was_given_is_said_to_be_so(
    tmp_path: Path, hasty: DownloadOptions, content: bytes, words: str
) -> None:
    given = tmp_path.with_name(f"{tmp_path.name}-given.zip")
    given.write_bytes(content)
    wishes = dataclasses.replace(hasty, files=(given,))
    fails(an_item("http://127.0.0.1:1/a.zip"), tmp_path, wishes, words)
    assert given.is_file()
    given.unlink()


@pytest.mark.parametrize("cut", random.Random(9).sample(range(70_000, len(GOOD)), 3))
def test_what_broke_off_is_mended_by_a_second_run(
    site: Site, tmp_path: Path, hasty: DownloadOptions, cut: int
) -> None:
    item = an_item(site.add("/a.zip", GOOD, *[Reply(cut=cut)] * 3))
    fails(item, tmp_path, hasty, "breaks off")
    state = item_state(item, tmp_path)
    assert (state.state, state.fetched > cut - 65_536) == ("begun", True)
    download(item, tmp_path, hasty)
    assert PLACED[0] in visible(tmp_path)
    assert site.sent < len(GOOD) + 3 * 65_536


def test_the_parts_of_an_item_are_unpacked_over_one_another(
    site: Site, tmp_path: Path, hasty: DownloadOptions
) -> None:
    folder = "MOT17/train/MOT17-02-SDP"
    way = (
        RemoteFile(
            "one.zip", (site.add("/1", zipped({f"{folder}/img1/1.jpg": b"1"})),)
        ),
        RemoteFile(
            "two.zip", (site.add("/2", zipped({f"{folder}/img1/2.jpg": b"2"})),)
        ),
    )
    download(an_item(ways=(way,)), tmp_path, hasty)
    pictures = tmp_path / "mot17" / "train" / "MOT17-02-SDP" / "img1"
    assert sorted(p.name for p in pictures.iterdir()) == ["1.jpg", "2.jpg"]


def test_another_way_is_taken_where_a_file_of_the_first_is_dead(
    site: Site, tmp_path: Path, hasty: DownloadOptions
) -> None:
    dead = (
        RemoteFile("a.zip", (site.url("/gone"),)),
        RemoteFile("a.z01", (site.add("/z01", b"x"),)),
    )
    whole = (RemoteFile("whole.zip", (site.add("/whole", GOOD),)),)
    download(an_item(ways=(dead, whole)), tmp_path, hasty)
    assert PLACED[0] in visible(tmp_path)


def test_given_files_need_no_network(tmp_path: Path, hasty: DownloadOptions) -> None:
    given = tmp_path / "downloads" / "MOT17 (1).zip"
    given.parent.mkdir()
    given.write_bytes(GOOD)
    wishes = dataclasses.replace(hasty, files=(given,))
    download(an_item("http://127.0.0.1:1/a.zip"), tmp_path / "data", wishes)
    assert PLACED[0] in visible(tmp_path / "data")
    assert given.read_bytes() == GOOD


def test_of_a_given_folder_the_known_files_are_used_and_the_rest_fetched(
    site: Site, tmp_path: Path, hasty: DownloadOptions
) -> None:
    given = tmp_path / "given"
    given.mkdir()
    folder = "train/MOT17-02-SDP"
    (given / "ONE.zip").write_bytes(zipped({f"{folder}/img1/1.jpg": b"1"}))
    (given / "holiday.jpg").write_bytes(b"sun")
    two = site.add("/2", zipped({f"{folder}/gt/gt.txt": b"2"}))
    way = (RemoteFile("one.zip"), RemoteFile("two.zip", (two,)))
    wishes = dataclasses.replace(hasty, files=(given,))
    download(an_item(ways=(way,)), tmp_path / "data", wishes)
    assert [path for path, _ in site.requests] == ["/2"]
    found = visible(tmp_path / "data" / "mot17")
    assert found == [f"{folder}/gt/gt.txt", f"{folder}/img1/1.jpg"]


def test_given_files_that_are_not_its_own_are_named(
    tmp_path: Path, hasty: DownloadOptions
) -> None:
    way = (RemoteFile("one.zip"), RemoteFile("two.zip"))
    stranger = tmp_path / "mot20.zip"
    for files in ((stranger,), (tmp_path / "gone.zip",), (tmp_path,)):
        stranger.write_bytes(GOOD)
        wishes = dataclasses.replace(hasty, files=files)
        with pytest.raises(InputError, match=r"No such file|one\.zip, two\.zip"):
            download(an_item(ways=(way,)), tmp_path / "data", wishes)


def test_what_needs_registration_says_so_and_takes_any_archives(
    tmp_path: Path, hasty: DownloadOptions
) -> None:
    item = an_item(
        name="hieve", ways=(), register="register at a.org", holds=("**/train",)
    )
    root = tmp_path / "data"
    sentence = fails(item, root, hasty, "register at a.org")
    assert "--from-file" in sentence
    given = []
    for name, entry in (("films", "HIE20/videos/train/1.mp4"), ("l", "HIE20/labels/a")):
        given.append(tmp_path / f"{name}.zip")
        given[-1].write_bytes(zipped({entry: b"1"}))
    download(item, root, dataclasses.replace(hasty, files=tuple(given)))
    placed = [f for f in visible(root) if f != CHECKSUMS]
    assert placed == ["hieve/labels/a", "hieve/videos/train/1.mp4"]


def test_something_else_in_its_place_is_left_until_told_so(
    site: Site, tmp_path: Path, hasty: DownloadOptions
) -> None:
    mine = tmp_path / "MOT17" / "notes.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    item = an_item(site.add("/a.zip", GOOD))
    with pytest.raises(CstrackError, match=r"not a whole MOT17.*--fresh"):
        download(item, tmp_path, hasty)
    assert visible(tmp_path) == ["MOT17/notes.txt"]
    assert site.requests == []


def test_fresh_sets_aside_what_is_there(
    site: Site, tmp_path: Path, hasty: DownloadOptions
) -> None:
    item = an_item(site.add("/a.zip", GOOD))
    fresh = dataclasses.replace(hasty, fresh=True)
    download(item, tmp_path, hasty)
    (tmp_path / PLACED[0]).write_text("changed")
    outcome = download(item, tmp_path, fresh)
    assert (tmp_path / PLACED[0]).read_text() != "changed"
    assert (tmp_path / "mot17.old" / "train").is_dir()
    assert "mot17.old" in outcome.remarks[-1]
    download(item, tmp_path, fresh)
    assert (tmp_path / "mot17.old-2").is_dir()


def test_kept_archives_are_used_again(
    site: Site, tmp_path: Path, hasty: DownloadOptions
) -> None:
    item = an_item(site.add("/a.zip", GOOD))
    keep = dataclasses.replace(hasty, keep=True)
    download(item, tmp_path, keep)
    assert (tmp_path / DOWNLOADS / "mot17" / "MOT17.zip").read_bytes() == GOOD
    download(item, tmp_path, dataclasses.replace(keep, fresh=True))
    assert len(site.requests) == 1


def test_a_later_download_that_differs_is_pointed_out(
    site: Site,
    tmp_path: Path,
    hasty: DownloadOptions,
    capsys: pytest.CaptureFixture[str],
) -> None:
    item = weights(site.add("/a", b"first"))
    download(item, tmp_path, hasty)
    noted = json.loads((tmp_path / CHECKSUMS).read_text())["files"]["net/net.pt"]
    assert noted[site.url("/a")]["sha256"] == hashlib.sha256(b"first").hexdigest()
    site.add("/a", b"other")
    outcome = download(item, tmp_path, dataclasses.replace(hasty, fresh=True))
    assert "is not what it was at its first download" in capsys.readouterr().err
    assert len(outcome.remarks) == 1


@pytest.mark.parametrize("where", ["fetch", "unpack"])
def test_ctrl_c_leaves_nothing_under_the_final_name(
    site: Site,
    tmp_path: Path,
    hasty: DownloadOptions,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    item = an_item(site.add("/a.zip", GOOD))

    def interrupting(_: object, description: str) -> ProgressReport:
        now = ("unpacking" in description) == (where == "unpack")

        def report(done: int, total: int | None) -> None:
            if now and done > 100_000:
                raise KeyboardInterrupt

        return report

    with monkeypatch.context() as patched:
        patched.setattr(
            "cstrack_bench.download.download_item._progress_report", interrupting
        )
        with pytest.raises(KeyboardInterrupt):
            download(item, tmp_path, hasty)
    assert [f for f in visible(tmp_path) if f != CHECKSUMS] == []
    download(item, tmp_path, hasty)
    assert PLACED[0] in visible(tmp_path)
    # It goes on: with the rest of the archive, or with the archive.
    assert site.sent < len(GOOD) + 65_536 * 4
    assert len(site.requests) == (2 if where == "fetch" else 1)
    assert site.requests[-1][1] > 0 or where == "unpack"


def test_lists_of_images_in_the_root_choose_among_the_pictures(
    site: Site, tmp_path: Path, hasty: DownloadOptions
) -> None:
    (tmp_path / "image_lists").mkdir()
    (tmp_path / "image_lists" / "prw.train").write_text("PRW/images/b.jpg\n")
    packed = zipped(
        {
            f"PRW/{kind}/{name}{suffix}": b"0 1 0.5 0.5 0.2 0.2\n"
            for name in "ab"
            for kind, suffix in (("images", ".jpg"), ("labels_with_ids", ".txt"))
        }
    )
    item = an_item(
        site.add("/prw.zip", packed), name="prw", holds=("images", "labels_with_ids")
    )
    download(item, tmp_path, hasty)
    assert (tmp_path / "prw" / "prw.train").read_text() == "prw/images/b.jpg\n"


def test_hasty_is_not_what_people_get() -> None:
    assert DownloadOptions().policy != HASTY
