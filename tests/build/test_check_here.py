"""*Check in this page*: a chain proved, changed and refused in a reader's browser, or the command instead."""

from __future__ import annotations

import ast
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from miniature import Miniature, notebook
from selenium.webdriver import Chrome
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait
from test_browser import OVERFLOW, complaints, requests, show

from companion import paths
from companion.build import collect
from companion.build.browser import fetch
from companion.derivation import Derivation, checks, deferred, here
from companion.derivation.numeric import evaluate
from companion.derivation.vocabulary import symbol

FIRST = """
# %% tags=["derivation"]
from companion.derivation import Derivation
from companion.derivation.vocabulary import x, x_hat

d = Derivation("page")
"""
SQUARE = """
# %% tags=["derivation"]
d.chain(
    "square",
    (x - x_hat) ** 2,
    (x**2 - 2 * x * x_hat + x_hat**2, "expand"),
    (x * (x - 2 * x_hat) + x_hat**2, "take $x$ out"),
)
"""
CUBE = """
# %% tags=["derivation"]
d.chain("cube", (x + 1) ** 3, (x**3 + 3 * x**2 + 3 * x + 1, "expand"), torch="companion.cube.of")
"""
LONG = """
# %% tags=["derivation"]
import sympy as sp
from companion.derivation import Between, at_most
from companion.derivation.vocabulary import symbol

share = symbol("omega", positive=True)
one, two = symbol("a_1", positive=True), symbol("a_2", positive=True)
d.chain(
    "jensen",
    share * sp.log(one) + (1 - share) * sp.log(two),
    (at_most(sp.log(share * one + (1 - share) * two), equality={one: two}), "Jensen"),
    domain=Between(share, 0, 1),
)
"""
"""A wrong variant of it keeps its tactic at work for minutes, if nothing interrupts that."""

CHECK = "_static/check"
FIRST_VERDICT = 60
"""Seconds, on a machine with other work; 10 are asked of an idle one."""


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Miniature:
    """A book of one page with two chains, without Pyodide."""
    root = tmp_path_factory.mktemp("check_here") / "project"
    made = Miniature.make(root, {"01_page": notebook("A page") + FIRST + SQUARE + CUBE + LONG})
    ledger = paths.ROOT / "companion" / "derivation"
    shutil.copytree(ledger, root / "companion" / "derivation", dirs_exist_ok=True)
    (root / "companion" / "cube.py").write_text("def of(x):\n    return (x + 1) ** 3\n")
    done = made.run("book", "--profile", "quick")
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="module")
def python(plain: Miniature) -> Miniature:
    """The same book with Pyodide, where it was fetched."""
    if not fetch.fetched():
        pytest.skip("Pyodide was not fetched: run make browser")
    both = plain.copied(plain.root.parent / "with_python")
    shutil.copytree(paths.pyodide_dir(), both.root / "_build" / "pyodide")
    assert both.stale() == {"html"}
    done = both.run("book", "--profile", "quick")
    assert done.returncode == 0, done.stderr
    return both


@contextmanager
def served(project: Miniature) -> Iterator[str]:
    """The address of the book, served by the command; Ctrl-C ends it without a complaint."""
    command = project.command("serve", "--profile", "quick", "--port", "0")
    with subprocess.Popen(
        command,
        cwd=project.root,
        env=project.env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"open (http://127\.0\.0\.1:\d+)/", process.stdout.readline())
            assert found is not None
            yield found[1]
        finally:
            process.send_signal(signal.SIGINT)
            _, complained = process.communicate(timeout=20)
        assert (process.returncode, complained) == (0, "")


def opened(browser: Chrome, address: str, chain: str = "page/square") -> WebElement:
    """Open the page, press the button of a chain by the keyboard, return what it opens."""
    show(browser, 1280, "light")
    for kind in ("browser", "performance"):
        browser.get_log(kind)  # forget what earlier pages said
    browser.get(address)
    buttons = WebDriverWait(browser, 20).until(
        lambda _: browser.find_elements("css selector", ".check-here > button")
    )
    chains = [
        x.get_dom_attribute("data-chain")
        for x in browser.find_elements("css selector", "[data-chain]")
    ]
    assert chains == ["page/square", "page/cube", "page/jensen"]
    asked = requests(browser)
    assert asked
    assert not [x for x in asked if "/_static/check/" in x or "check-worker" in x], "nothing yet"
    button = buttons[chains.index(chain)]
    browser.execute_script("arguments[0].focus()", button)
    button.send_keys(Keys.ENTER)
    assert button.get_dom_attribute("aria-expanded") == "true"
    return button.find_element("xpath", "following-sibling::div")


def settled(browser: Chrome, panel: WebElement) -> str:
    """Wait for the end of a check; return its last line."""
    stage = WebDriverWait(browser, 20).until(
        lambda _: panel.find_element("css selector", ".check-stage")
    )
    WebDriverWait(browser, FIRST_VERDICT).until(lambda _: stage.text.endswith("."))
    return stage.text


def changed(panel: WebElement, old: str, new: str) -> None:
    """Edit the code and run it by the keyboard."""
    code = panel.find_element("css selector", "textarea")
    text = code.get_property("value")
    assert old in text
    code.send_keys(Keys.CONTROL, "a", Keys.DELETE)
    code.send_keys(text.replace(old, new), Keys.CONTROL, Keys.ENTER)


def said(panel: WebElement, kind: str) -> list[str]:
    return [line.text for line in panel.find_elements("css selector", f".check-{kind}")]


@pytest.mark.browser
def test_a_true_chain_is_proved_and_a_flipped_sign_refused(
    python: Miniature, browser: Chrome
) -> None:
    with served(python) as address:
        panel = opened(browser, f"{address}/01_page.html")
        assert re.fullmatch(r"2 of 2 links proved, in [\d.]+ s\.", settled(browser, panel))
        first = said(panel, "proved")[0]
        assert re.fullmatch(
            rf"\(1\) ✓ proved: SymPy \(\w+\), {here.EFFORT.points} points, .*, \d+ wrong variants refuted",
            first,
        )
        assert said(panel, "note") == ["not checked by ball arithmetic and z3: not in this page"]
        formula = panel.find_element("css selector", ".math")
        WebDriverWait(browser, 10).until(
            lambda _: formula.find_elements("css selector", "mjx-container")
        )

        changed(panel, "x**2 - 2 * x", "x**2 + 2 * x")
        assert settled(browser, panel).startswith("0 of 2 links proved")
        assert re.match(
            r"\(1\) ✗ refused: numeric check failed: left .*, right .* at x",
            said(panel, "refused")[0],
        )

        for theme in ("light", "dark"):
            show(browser, 420, theme)
            assert browser.execute_script(OVERFLOW) == [0, []]
        show(browser, 1280, "light")
        panel.find_element("xpath", ".//button[text()='Undo changes']").send_keys(Keys.ENTER)
        changed(panel, '"expand"),', '"expand",')
        assert settled(browser, panel) == "Not checked."
        (line,) = said(panel, "refused")
        assert re.fullmatch(r"✗ line \d+: SyntaxError: .+", line)
        assert complaints(browser) == []
        assert {urlsplit(x).netloc for x in requests(browser)} == {urlsplit(address).netloc}


@pytest.mark.browser
def test_a_check_can_be_stopped_and_another_takes_its_turn(
    python: Miniature, browser: Chrome
) -> None:
    with served(python) as address:
        panel = opened(browser, f"{address}/01_page.html", "page/cube")
        halt = WebDriverWait(browser, 20).until(
            lambda _: panel.find_element("xpath", ".//button[text()='Stop']")
        )
        other = browser.find_element("css selector", ".check-here > button")
        other.click()
        halt.click()
        assert settled(browser, panel) == "Stopped."
        waiting = other.find_element("xpath", "following-sibling::div")
        assert settled(browser, waiting).startswith("2 of 2 links proved")
        panel.find_element("xpath", ".//button[text()='Run']").send_keys(Keys.ENTER)
        assert settled(browser, panel).startswith("1 of 1 links proved")
        assert said(panel, "proved")[0].startswith("✓ proved: SymPy (")
        assert "not compared with companion.cube.of: there is no torch here" in said(panel, "note")


@pytest.mark.browser
def test_a_proof_is_interrupted_in_a_browser_too(python: Miniature, browser: Chrome) -> None:
    with served(python) as address:
        panel = opened(browser, f"{address}/01_page.html", "page/jensen")
        assert settled(browser, panel).startswith("1 of 1 links proved")


@pytest.mark.browser
def test_without_python_in_the_site_the_button_gives_the_command(
    plain: Miniature, browser: Chrome
) -> None:
    with served(plain) as address:
        panel = opened(browser, f"{address}/01_page.html", "page/cube")
        WebDriverWait(browser, 10).until(lambda _: panel.text)
        assert "make browser" in panel.text
        assert panel.find_element("css selector", "code").text == "make verify NAME=page/cube"
        assert complaints(browser) == []


@pytest.mark.browser
def test_a_page_opened_as_a_file_gives_the_command(plain: Miniature, browser: Chrome) -> None:
    panel = opened(browser, (plain.html / "01_page.html").as_uri())
    assert "make serve" in panel.text
    assert panel.find_element("css selector", "code").text == "make verify NAME=page/square"
    assert complaints(browser) == []


IN_PYTHON = """
import json, sys
class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "diffcore", "numpy", "gmpy2"):
            raise ImportError(f"{name} is not here")
sys.meta_path.insert(0, NoTorch())
import signal; del signal.setitimer
vars(sys).pop("monitoring", None)
sys.path.insert(0, sys.argv[1])
from companion.derivation import here
assert here.__file__.startswith(sys.argv[1]), here.__file__
chapter = json.load(open(sys.argv[2]))
for edit in json.loads(sys.argv[3]):
    place = chapter["chains"]["page/square"]
    here.check_cell(chapter["cells"][:place], chapter["cells"][place].replace(*edit), print)
    print()
"""


def in_python(project: Miniature, folder: Path, *edits: tuple[str, str]) -> list[list[dict]]:
    """What the ledger says of the edited cell: from the shipped files, in a Python without torch."""
    shipped = project.html / CHECK
    with zipfile.ZipFile(shipped / "ledger.zip") as archive:
        archive.extractall(folder)
    command = [sys.executable, "-I", "-c", IN_PYTHON, str(folder), str(shipped / "01_page.json")]
    done = subprocess.run(
        [*command, json.dumps(edits)], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    runs = done.stdout.split("\n\n")[:-1]
    return [[json.loads(line) for line in run.splitlines()] for run in runs]


def test_what_is_shipped_proves_a_chain_without_torch(plain: Miniature, tmp_path: Path) -> None:
    proved, flipped, syntax, name, none = in_python(
        plain,
        tmp_path,
        ("", ""),
        ("- 2 * x * x_hat", "+ 2 * x * x_hat"),
        ('"expand"),', '"expand",'),
        ("x * (x", "y * (x"),
        ("d.chain(", "tuple(), ("),
    )
    assert proved[0]["chain"] == "page/square"
    assert proved[0]["latex"].startswith(r"\begin{aligned}")
    assert [(f["link"], f["accepted"]) for f in proved[1:]] == [(1, True), (2, True)]
    assert proved[0]["notes"] == ["no time limit on this platform"]
    assert [f["accepted"] for f in flipped[1:]] == [False, False]
    assert "numeric check failed: left" in flipped[1]["words"]
    assert re.fullmatch(r"line \d: SyntaxError: .+", syntax[0]["error"])
    assert name == [{"error": "line 5: NameError: name 'y' is not defined"}]
    assert none[0]["error"].startswith("this cell writes no chain")


def found(cell: str) -> list[dict[str, Any]]:
    """What the ledger says of a cell that follows FIRST."""
    said: list[dict[str, Any]] = []
    here.check_cell([FIRST], cell, lambda finding: said.append(json.loads(finding)))
    return said


def test_a_verdict_says_where_a_claim_says_nothing() -> None:
    cell = 'd.chain("pole", (x**2 - 1) / (x - 1), (x + 1, "cancel"))'
    assert ", where x − 1 ≠ 0" in found(cell)[1]["words"]


def test_an_inequality_has_nothing_against_it() -> None:
    cell = """from companion.derivation import at_least
d.chain("square", (x - x_hat) ** 2, (at_least(0, equality={x: x_hat}), "a square"))"""
    assert f"{here.EFFORT.points} points, none against it" in found(cell)[1]["words"]


def imported(cell: str) -> set[str]:
    """The packages that a cell imports."""
    nodes = list(ast.walk(ast.parse(cell)))
    names = [x.module or "" for x in nodes if isinstance(x, ast.ImportFrom)]
    names += [alias.name for x in nodes if isinstance(x, ast.Import) for alias in x.names]
    return {".".join(name.split(".")[:2]) for name in names}


def test_no_chapter_needs_torch_or_diffcore_for_its_derivations() -> None:
    cells = [(chapter.name, cell) for chapter in collect.collect() for cell in chapter.cells]
    assert {package for _, cell in cells for package in imported(cell)} >= {"sympy"}
    for name, cell in cells:
        assert imported(cell) <= {"companion.derivation", "sympy", "mpmath"}, name


def test_where_nothing_interrupts_it_the_look_far_away_ends_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checks, "time_limit", lambda _: nullcontext())
    asked = []

    def slow(*arguments: Any) -> Any:
        asked.append(arguments)
        until = time.process_time() + checks.THOROUGH.far / 4
        while time.process_time() < until:
            pass
        return evaluate(*arguments)

    d, a = Derivation("far"), symbol("a")
    with deferred():
        chain = d.chain("square", (a + 1) ** 2, (a**2 + 2 * a + 1, "expand"))
    monkeypatch.setattr(checks, "evaluate", slow)
    checks._far_away(chain.steps[0], checks.THOROUGH.far)
    assert 2 <= len(asked) <= 6


def test_pyodide_is_pinned_and_no_registry_is_named() -> None:
    pins = json.loads((fetch.HERE / "package-lock.json").read_text())["packages"]
    wanted = json.loads((fetch.HERE / "package.json").read_text())["dependencies"]
    assert wanted == {"pyodide": pins["node_modules/pyodide"]["version"]}
    for name, pin in pins.items():
        assert not name or pin["integrity"].startswith("sha512-")
        assert "resolved" not in pin


def test_at_most_25_megabytes_are_loaded(python: Miniature) -> None:
    size = sum(file.stat().st_size for file in (python.html / CHECK).iterdir())
    assert 15e6 < size < 25e6


def test_without_npm_one_line_says_so(plain: Miniature, tmp_path: Path) -> None:
    bare = Miniature(plain.root, {"PATH": str(tmp_path)})
    done = bare.run("browser")
    assert done.returncode == 2
    assert done.stderr.startswith("error: npm is not on the PATH: expected it")
    assert done.stderr.count("\n") == 1


def test_where_npm_fails_its_reason_is_in_one_line(plain: Miniature, tmp_path: Path) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error code EOWN\nnpm error no such thing' >&2\nexit 1\n")
    npm.chmod(0o755)
    done = Miniature(plain.root, {"PATH": f"{tmp_path}:/usr/bin:/bin"}).run("browser")
    assert done.returncode == 1
    assert done.stderr.startswith("error: npm does not get Pyodide ready (no such thing): expected")
    assert done.stderr.count("\n") == 1


def test_a_taken_port_and_a_missing_book_are_one_line(plain: Miniature) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = plain.run("serve", "--profile", "quick", "--port", port)
    assert done.returncode == 2
    assert done.stderr.startswith(
        f"error: port {port} is taken: expected a free one; make serve PORT=0"
    )
    done = plain.run("serve")
    assert done.returncode == 2
    assert done.stderr == (
        "error: no book in _build/standard/html: expected a rendered one; run make book\n"
    )
