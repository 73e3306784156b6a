"""The rendered book: every page, figure and equation; no warning; nothing from outside."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml
from bs4 import BeautifulSoup

from companion import paths
from companion.build.collect import collect
from companion.discovery import discover
from companion.evidence import manifest

#: Where a tag names something that a browser fetches by itself.
FETCHED = {
    "script": "src",
    "img": "src",
    "link": "href",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "object": "data",
    "embed": "src",
    "use": "href",
}


@cache
def parsed(page: Path) -> BeautifulSoup:
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


def pages(book: Path) -> list[Path]:
    return sorted(book.glob("*.html"))


def expected_pages() -> list[str]:
    toc = yaml.safe_load((paths.BOOK / "_toc.yml").read_text())
    chapters = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    return [toc["root"], *chapters]


def test_every_page_of_the_contents_is_there(quick_book: Path) -> None:
    names = expected_pages()
    assert len(names) > 5
    for name in names:
        page = parsed(quick_book / f"{name}.html")
        assert page.h1 is not None, name
        assert len(page.find("article").get_text()) > 200, name
    contents = {a["href"] for a in parsed(quick_book / "intro.html").select("nav.bd-links a")}
    assert {f"{name}.html" for name in names[1:]} <= contents


def test_the_first_page_asks_the_question_of_every_chapter_in_order(quick_book: Path) -> None:
    chapters = [f"{name}.html" for name in expected_pages() if name[:2].isdigit()]
    rows = parsed(quick_book / "intro.html").select("article tr td:first-child a")
    assert [a["href"] for a in rows] == chapters


def test_sphinx_had_nothing_to_warn_of(quick_book: Path) -> None:
    log = (paths.logs_dir("quick") / "sphinx.log").read_text()
    assert "build succeeded." in log
    assert re.findall(r"^.*(?:WARNING|ERROR).*$", log, re.MULTILINE) == []


def test_every_saved_figure_is_on_its_page(quick_book: Path) -> None:
    figures = {n: e for n, e in manifest.read_manifest("quick").items() if e["kind"] == "figure"}
    assert figures
    for name, entry in figures.items():
        page = parsed(quick_book / f"{entry['notebook']}.html")
        shown = page.find(id=f"fig-{name.replace('_', '-')}")
        assert shown is not None, name
        image = shown.find("img")
        saved = paths.figures_dir("quick") / f"{name}.svg"
        assert (quick_book / image["src"]).read_bytes() == saved.read_bytes()
        assert len(image["alt"]) > 20, name
        assert len(shown.find(class_="caption-text").get_text().strip()) > 20, name


def test_every_saved_table_is_on_its_page_or_decides_a_verdict(quick_book: Path) -> None:
    tables = {n: e for n, e in manifest.read_manifest("quick").items() if e["kind"] == "table"}
    assert tables
    claims = [c for module in discover("companion.chapters.*.claims") for c in module.CLAIMS]
    judged = {table for claim in claims for table in claim.tables}
    for name, entry in tables.items():
        page = parsed(quick_book / f"{entry['notebook']}.html")
        shown = page.find(id=f"tab-{name.replace('_', '-')}")
        assert shown is not None or name in judged, name
        if shown is not None:
            assert shown.find("td") is not None, name
            assert len(shown.find(class_="caption-text").get_text().strip()) > 10, name


def test_every_derivation_is_an_equation_with_its_checks(quick_book: Path) -> None:
    chains = {chain.name: chapter.name for chapter in collect() for chain in chapter.chains}
    assert chains
    for chain, notebook in chains.items():
        page = parsed(quick_book / f"{notebook}.html")
        equation = page.find(id=f"equation-eq-{chain.replace('/', '-')}")
        assert equation is not None, chain
        assert equation.find(class_="eqno") is not None, chain
        receipt = page.find(attrs={"data-chain": chain}).find_next("details", class_="receipt")
        assert receipt.summary.get_text().startswith("✓ "), chain
        assert page.find(id=f"step-{chain.replace('/', '-')}-1") is not None, chain


def test_every_step_and_statement_has_a_row_that_leads_to_it(quick_book: Path) -> None:
    chapters = collect()
    page = parsed(quick_book / "every_step.html")
    rows = {row.a.get_text(): row.a["href"] for row in page.select("table.every-step tbody tr")}
    steps = {step.name: chapter.name for chapter in chapters for step in chapter.steps}
    words = {said.name: chapter.name for chapter in chapters for said in chapter.in_words}
    assert rows.keys() == steps.keys() | words.keys()
    for name, chapter in (steps | words).items():
        assert rows[name] == f"{chapter}.html#step-{re.sub('[/.]', '-', name)}"


def test_no_page_shows_an_error_or_raw_source(quick_book: Path) -> None:
    for page in pages(quick_book):
        text = parsed(page).find("article").get_text() if parsed(page).find("article") else ""
        for sign in (
            "Traceback (most recent",
            ":::{",
            "```{",
            "{cite",
            "{numref}",
            "{eq}`",
            "{ref}`",
            "$$",
        ):
            assert sign not in text, f"{page.name} shows {sign}"


def test_nothing_is_fetched_from_outside(quick_book: Path) -> None:
    outside = []
    for page in pages(quick_book):
        for tag, attribute in FETCHED.items():
            for element in parsed(page).find_all(tag):
                address = element.get(attribute, "")
                if urlsplit(address).scheme not in ("", "data") or address.startswith("//"):
                    outside.append((page.name, address))
        for style in parsed(page).find_all("style"):
            outside += [(page.name, x) for x in external_in_css(style.get_text())]
        assert "require.js" not in page.read_text()
        assert "unpkg.com" not in page.read_text()
    for sheet in quick_book.rglob("*.css"):
        outside += [(sheet.name, x) for x in external_in_css(sheet.read_text(encoding="utf-8"))]
    assert outside == []


def external_in_css(text: str) -> list[str]:
    imports = re.findall(r"@import\s+[\"']((?:https?:)?//[^\"']+)", text)
    return imports + re.findall(r"url\(\s*[\"']?((?:https?:)?//[^)\"']+)", text)


def test_css_with_an_outside_address_is_found() -> None:
    assert external_in_css("@import 'https://a.b/c.css'; x { y: url(//d.e/f.woff) }") == [
        "https://a.b/c.css",
        "//d.e/f.woff",
    ]
    assert external_in_css("x { y: url('../fonts/f.woff') }") == []


def test_every_link_inside_the_book_leads_somewhere(quick_book: Path) -> None:
    broken = []
    for page in pages(quick_book):
        for element, attribute in [
            *((a, "href") for a in parsed(page).find_all("a")),
            *((x, FETCHED[x.name]) for x in parsed(page).find_all(list(FETCHED))),
        ]:
            link = urlsplit(element.get(attribute, ""))
            if link.scheme or link.netloc:
                continue
            target = (page.parent / unquote(link.path)).resolve() if link.path else page
            if not target.is_file():
                broken.append((page.name, link.path))
            elif target.suffix == ".html" and not has(target, unquote(link.fragment)):
                broken.append((page.name, f"{link.path}#{link.fragment}"))
    assert broken == []


@cache
def has(page: Path, fragment: str) -> bool:
    return not fragment or parsed(page).find(id=fragment) is not None
