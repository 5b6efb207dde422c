"""Google Drive through gdown; a server on this machine stands for Google's."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gdown
import pytest
import requests

from cstrack_bench.download.google_drive import download_drive
from cstrack_bench.download.http import UnavailableError
from cstrack_bench.errors import CstrackError
from tests.download.sites import HASTY, Reply, Site

CONTENT = bytes(i * i % 251 for i in range(1_500_000))


@pytest.fixture
def drive(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """gdown itself, led to the server here."""
    real = gdown.download

    def led(id: str, **rest: Any) -> Any:
        assert rest["timeout"] == (HASTY.connect, HASTY.stall)
        return real(url=site.url(f"/{id}"), **rest)

    monkeypatch.setattr(gdown, "download", led)
    return site


def quietly(part: Path) -> None:
    download_drive("abc", part, HASTY, lambda done, total: None)


def test_a_whole_file_and_nothing_beside_it(drive: Site, tmp_path: Path) -> None:
    drive.add("/abc", CONTENT)
    quietly(tmp_path / "a.part")
    assert (tmp_path / "a.part").read_bytes() == CONTENT
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("reply", [Reply(cut=1_200_000), Reply(stall=1_200_000)])
def test_it_goes_on_after_a_break_and_a_stall(
    drive: Site, tmp_path: Path, reply: Reply
) -> None:
    drive.add("/abc", CONTENT, reply)
    quietly(tmp_path / "a.part")
    assert (tmp_path / "a.part").read_bytes() == CONTENT
    assert max(begin for _, begin in drive.requests) > 500_000


def test_a_later_call_goes_on(drive: Site, tmp_path: Path) -> None:
    drive.add("/abc", CONTENT, *[Reply(cut=1_200_000)] * 3)
    with pytest.raises(UnavailableError):
        quietly(tmp_path / "a.part")
    assert not (tmp_path / "a.part").exists()
    quietly(tmp_path / "a.part")
    assert (tmp_path / "a.part").read_bytes() == CONTENT


def test_a_server_that_refuses_ranges_is_started_over(
    drive: Site, tmp_path: Path
) -> None:
    drive.add("/abc", CONTENT, Reply(cut=1_200_000), *[Reply(ranges=False)] * 2)
    try:
        quietly(tmp_path / "a.part")
    except UnavailableError:
        quietly(tmp_path / "a.part")
    assert (tmp_path / "a.part").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (requests.ConnectionError("refused"), "cannot be reached"),
        (requests.exceptions.ConnectTimeout(), "does not answer within 2 s"),
        (requests.ConnectionError("Read timed out."), "sends nothing"),
        (requests.HTTPError("403"), "HTTPError"),
        (gdown.exceptions.FileURLRetrievalError("x\n\n\ty"), "quota"),
        (gdown.exceptions.DownloadError("incomplete"), "breaks off"),
    ],
)
def test_each_trouble_is_a_clause(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception, words: str
) -> None:
    monkeypatch.setattr(gdown, "download", raising(error))
    with pytest.raises(UnavailableError, match=words) as caught:
        quietly(tmp_path / "a.part")
    assert "\n" not in str(caught.value)


def test_a_full_disk_is_no_other_source(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(gdown, "download", raising(OSError(28, "No space left")))
    with pytest.raises(CstrackError, match="No space left") as caught:
        quietly(tmp_path / "a.part")
    assert not isinstance(caught.value, UnavailableError)


def raising(error: Exception) -> Callable[..., None]:
    def download(**_: object) -> None:
        raise error

    return download
