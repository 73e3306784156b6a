"""What the tests share: the book built once, and headless Chromium."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import settings

from companion import paths
from companion.build import book

# A worker of pytest-xdist has one core: a second thread of torch would only wait, busily, for another's.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# How long an example takes says how busy the machine is, and nothing of what is tested.
settings.register_profile("companion", deadline=None)
settings.load_profile("companion")

# A shell has its background jobs ignore Ctrl-C, and so would all that the tests start: they must hear it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "quick_book" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.book)
            item.add_marker(pytest.mark.timeout(1200))  # the first of them may build the book


@pytest.fixture(scope="session")
def quick_book() -> Path:
    """The rendered book of the quick profile, up to date: built here unless nothing changed."""
    return book.build("quick").parent


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="session")
def site(quick_book: Path) -> Iterator[str]:
    """The address of the quick book, served from this machine only."""
    handler = partial(_Quiet, directory=str(quick_book))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """Headless Chromium; without one a user's machine skips, and CI fails."""
    from selenium import webdriver

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not chromium or not driver:
        reason = "no chromium and chromedriver on the PATH: the pages were not opened"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    flags = "headless=new no-sandbox disable-gpu disable-quic no-first-run disable-sync"
    flags += " disable-background-networking disable-component-update disable-dev-shm-usage"
    flags += f" hide-scrollbars user-data-dir={tmp_path_factory.mktemp('chromium')}"
    for flag in flags.split():
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with webdriver.Chrome(options, webdriver.ChromeService(driver)) as chrome:
        chrome.set_page_load_timeout(60)
        yield chrome


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return paths.ROOT
