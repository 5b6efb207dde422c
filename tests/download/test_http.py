"""One file over HTTP, from a server that breaks off, stalls and changes its mind."""

import dataclasses
import random
from pathlib import Path
from types import SimpleNamespace

import pytest

from cstrack_bench.download.http import (
    RetryableError,
    RetryPolicy,
    UnavailableError,
    check_disk_space,
    download_http,
    file_size,
    format_size,
    retry,
)
from cstrack_bench.errors import CstrackError
from tests.download.sites import HASTY, Reply, Site

SIZE = 1_000_000
CHUNK = 64 * 1024
CONTENT = random.Random(0).randbytes(SIZE)
Seen = list[tuple[int, int | None]]


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / "file.part"


def quietly(url: str, part: Path, policy: RetryPolicy = HASTY) -> None:
    download_http(url, part, policy, lambda done, total: None)


def test_a_whole_file_and_its_progress(site: Site, part: Path) -> None:
    seen: Seen = []
    url = site.add("/a", CONTENT)
    download_http(url, part, HASTY, lambda done, total: seen.append((done, total)))
    assert part.read_bytes() == CONTENT
    assert seen[0] == (0, SIZE)
    assert seen[-1] == (SIZE, SIZE)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_it_goes_on_from_ten_random_breaks_in_one_call(site: Site, part: Path) -> None:
    cuts = sorted(random.Random(4).sample(range(SIZE), 10))
    url = site.add("/a", CONTENT, *(Reply(cut=cut) for cut in cuts))
    policy = dataclasses.replace(HASTY, attempts=4)
    download_http(url, part, policy, lambda done, total: None)
    assert part.read_bytes() == CONTENT
    assert len(site.requests) == 11
    # No byte that was written is asked for again: a break costs a chunk at most.
    assert site.sent < SIZE + 10 * CHUNK


@pytest.mark.parametrize("cut", random.Random(5).sample(range(CHUNK, SIZE), 10))
def test_a_later_call_goes_on_where_an_earlier_one_broke_off(
    site: Site, part: Path, cut: int
) -> None:
    url = site.add("/a", CONTENT, Reply(cut=cut))
    once = dataclasses.replace(HASTY, attempts=1)
    with pytest.raises(UnavailableError, match="breaks off"):
        quietly(url, part, once)
    kept = file_size(part)
    assert cut - CHUNK < kept <= cut
    quietly(url, part, once)
    assert part.read_bytes() == CONTENT
    assert site.requests[1] == ("/a", kept)


def test_without_etag_the_length_tells_that_it_is_the_same(
    site: Site, part: Path
) -> None:
    site.tagged = False
    url = site.add("/a", CONTENT, Reply(cut=300_000))
    quietly(url, part)
    assert part.read_bytes() == CONTENT
    assert site.requests[1][1] > 0


def test_a_server_that_ignores_ranges_starts_over_and_ends(
    site: Site, part: Path
) -> None:
    url = site.add("/a", CONTENT, Reply(cut=400_000), Reply(ranges=False))
    quietly(url, part)
    assert part.read_bytes() == CONTENT


def test_starting_over_each_time_is_not_getting_on(site: Site, part: Path) -> None:
    breaks = [Reply(cut=400_000, ranges=False) for _ in range(20)]
    url = site.add("/a", CONTENT, *breaks)
    with pytest.raises(UnavailableError, match="breaks off"):
        quietly(url, part)
    assert len(site.requests) <= 2 * HASTY.attempts


@pytest.mark.parametrize("tagged", [True, False])
def test_content_that_changed_is_not_joined_to_the_old(
    site: Site, part: Path, tagged: bool
) -> None:
    site.tagged = tagged
    url = site.add("/a", CONTENT, Reply(cut=400_000))
    with pytest.raises(UnavailableError):
        quietly(url, part, dataclasses.replace(HASTY, attempts=1))
    # Without a tag only another length gives it away.
    changed = random.Random(1).randbytes(SIZE if tagged else SIZE - 10)
    site.add("/a", changed)
    quietly(url, part)
    assert part.read_bytes() == changed


def test_a_part_that_is_whole_is_not_asked_for(site: Site, part: Path) -> None:
    url = site.add("/a", CONTENT)
    quietly(url, part)
    quietly(url, part)
    assert len(site.requests) == 1


def test_a_part_of_unknown_origin_is_not_built_upon(site: Site, part: Path) -> None:
    part.write_bytes(b"x" * 1000)
    quietly(site.add("/a", CONTENT), part)
    assert part.read_bytes() == CONTENT


def test_busy_then_well(site: Site, part: Path) -> None:
    quietly(site.add("/a", CONTENT, Reply(status=503)), part)
    assert part.read_bytes() == CONTENT


@pytest.mark.parametrize(("status", "asked"), [(503, 2), (404, 1), (403, 1)])
def test_what_passes_is_tried_again_and_what_does_not_is_not(
    site: Site, part: Path, status: int, asked: int
) -> None:
    url = site.add("/a", CONTENT, *[Reply(status=status)] * 9)
    with pytest.raises(UnavailableError, match=f"answers {status}"):
        quietly(url, part)
    assert len(site.requests) == asked
    assert not part.exists()


def test_a_server_that_stalls_is_left_and_asked_again(site: Site, part: Path) -> None:
    url = site.add("/a", CONTENT, Reply(stall=500_000))
    quietly(url, part)
    assert part.read_bytes() == CONTENT
    assert site.requests[1][1] > 400_000


def test_a_server_that_always_stalls_is_given_up(site: Site, part: Path) -> None:
    url = site.add("/a", CONTENT, *[Reply(stall=0)] * 9)
    with pytest.raises(UnavailableError, match=r"sends nothing for 0\.3 s"):
        quietly(url, part)


@pytest.mark.parametrize(("progress", "attempts"), [(0, 1), (5, 4)])
def test_a_network_that_goes_away_is_waited_for_longer_than_one_that_never_was(
    progress: int, attempts: int
) -> None:
    tried = []

    def attempt() -> None:
        tried.append(progress)
        raise RetryableError("cannot be reached", connected=False)

    policy = dataclasses.replace(HASTY, attempts=4)
    with pytest.raises(UnavailableError):
        retry(attempt, lambda: progress if tried else 0, policy)
    assert len(tried) == attempts


def test_nobody_there(site: Site, part: Path) -> None:
    with pytest.raises(UnavailableError, match="cannot be reached"):
        quietly("http://127.0.0.1:1/a", part)


def test_ctrl_c_leaves_a_part_that_goes_on(site: Site, part: Path) -> None:
    url = site.add("/a", CONTENT)

    def interrupt(done: int, total: int | None) -> None:
        if done > 300_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download_http(url, part, HASTY, interrupt)
    kept = file_size(part)
    assert 300_000 < kept < SIZE
    quietly(url, part)
    assert part.read_bytes() == CONTENT
    assert site.requests[1] == ("/a", kept)


def test_no_room_is_said_before_the_first_byte(
    site: Site, part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = SimpleNamespace(free=SIZE - 1)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(CstrackError, match=r"1 MB are needed and .* are free") as error:
        quietly(site.add("/a", CONTENT), part)
    assert not isinstance(error.value, UnavailableError)
    assert file_size(part) == 0


def test_an_archive_needs_room_beside_itself(
    site: Site, part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=SIZE * 2))
    url = site.add("/a", CONTENT)
    with pytest.raises(CstrackError, match="3 MB are needed"):
        download_http(url, part, HASTY, lambda done, total: None, copies=3)
    download_http(url, part, HASTY, lambda done, total: None, copies=2)


def test_room_for_what_fits(tmp_path: Path) -> None:
    check_disk_space(tmp_path, 1)


def test_pauses_double_and_heed_the_server_up_to_a_limit() -> None:
    policy = RetryPolicy(pause=1, longest=30)
    assert [policy.before(n) for n in (1, 2, 3, 9)] == [1, 2, 4, 30]
    assert policy.before(1, asked=10) == 10
    assert policy.before(1, asked=1000) == 30


@pytest.mark.parametrize(
    ("size", "words"),
    [(999, "999 bytes"), (64_000, "64 kB"), (5.5e9, "5.5 GB"), (2e12, "2 TB")],
)
def test_sizes_in_words(size: float, words: str) -> None:
    assert format_size(size) == words
