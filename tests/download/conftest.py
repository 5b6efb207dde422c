"""Fixtures of the download's tests."""

from collections.abc import Iterator

import pytest

from cstrack_bench.download.download_item import DownloadOptions
from tests.download.sites import HASTY, Site, serving


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A server on this machine, for which any proxy is passed by."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving() as found:
        yield found


@pytest.fixture
def hasty() -> DownloadOptions:
    """DownloadOptions that give up in milliseconds."""
    return DownloadOptions(policy=HASTY)
