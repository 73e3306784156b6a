"""The pages as a reader's browser shows them: wide and narrow, light and dark."""

from __future__ import annotations

import json
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.expected_conditions import url_to_be
from selenium.webdriver.support.wait import WebDriverWait
from test_book import expected_pages

pytestmark = pytest.mark.browser

WIDTHS = {"wide": 1280, "narrow": 390}

TYPESET = """
const done = arguments[0];
const look = () => {
  const whole = document.readyState === 'complete';
  if (whole && !window.MathJax) done(null); // a page without math loads none
  else if (!whole || !MathJax.startup?.promise) setTimeout(look, 20); // as yet only its settings are there
  else MathJax.startup.promise.then(() => done(null), (error) => done(String(error)));
};
look();
"""

FACTS = r"""
const article = document.querySelector('article');
const text = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
const raw = [];
while (text.nextNode()) {
  const at = text.currentNode;
  if (/\\\(|\\\[|\$[^$]+\$/.test(at.data) && !at.parentElement.closest('pre, code, script, mjx-container'))
    raw.push(at.data.trim().slice(0, 80));
}
return {
  expected: article.querySelectorAll('.math').length,
  typeset: article.querySelectorAll('.math mjx-container').length,
  empty: [...article.querySelectorAll('mjx-container')].filter(
    (x) => x.closest('details:not([open])') === null && x.getBoundingClientRect().width === 0).length,
  errors: [...article.querySelectorAll('mjx-merror, [data-mjx-error]')].map((x) => x.textContent),
  raw: raw,
  broken: [...document.images].filter((x) => x.complete && x.naturalWidth === 0).map((x) => x.src),
};
"""

#: By how much a page is too wide, and what sticks out of it, but for what is in a box that scrolls or is cut.
OVERFLOW = """
const wide = document.documentElement.clientWidth;
const cuts = (x) => ['auto', 'scroll', 'hidden'].includes(getComputedStyle(x).overflowX);
const past = [];
const look = (x) => { for (const child of x.children) {
  const box = child.getBoundingClientRect();
  if (box.width > 0 && box.right > wide + 1) past.push(child.tagName + '.' + child.className);
  if (child.firstElementChild && !cuts(child)) look(child); } };
for (const article of document.querySelectorAll('article')) {
  let up = article;
  while (up && !cuts(up)) up = up.parentElement;
  if (!up) look(article);
}
return [document.documentElement.scrollWidth - wide, past.slice(0, 5)];
"""

#: Contrast of text with what is behind it, by the WCAG formula, for every kind of text on a page.
CONTRAST = """
const light = (rgb) => { const [r, g, b] = rgb.map((c) => { c /= 255;
  return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const parse = (s) => s.match(/[\\d.]+/g).map(Number);
const behind = (x) => { for (; x; x = x.parentElement) {
  const c = parse(getComputedStyle(x).backgroundColor); if (c.length < 4 || c[3] > 0.9) return c; }
  return [255, 255, 255]; };
return [...document.querySelectorAll('article p, article td, article th, article li, article h1, ' +
  'article h2, article h3, article figcaption, article mjx-container, article pre span')]
  .filter((x) => x.textContent.trim() && x.getBoundingClientRect().width > 0)
  .map((x) => { const a = light(parse(getComputedStyle(x).color).slice(0, 3));
    const b = light(behind(x).slice(0, 3));
    return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), x.tagName + ' ' + x.className,
      x.textContent.trim().slice(0, 40)]; })
  .filter(([ratio]) => ratio < 4).slice(0, 5);
"""


def show(browser: Chrome, width: int, theme: str) -> None:
    """Resize the window and choose the theme."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.execute_script(
        "document.documentElement.dataset.theme = document.documentElement.dataset.mode ="
        "arguments[0]",
        theme,
    )


def open_page(browser: Chrome, address: str) -> None:
    """Open a page with all that is folded away, and wait until the math is typeset."""
    show(browser, WIDTHS["wide"], "light")
    for kind in ("browser", "performance"):
        browser.get_log(kind)  # forget what earlier pages said
    browser.get(address)
    await_math(browser)
    browser.execute_script(
        "document.querySelectorAll('details.receipt').forEach((x) => (x.open = true))"
    )
    browser.execute_async_script("requestAnimationFrame(() => setTimeout(arguments[0], 50))")
    await_math(browser)


def await_math(browser: Chrome) -> None:
    """Wait until the math of a page that is loading is typeset."""
    assert browser.execute_async_script(TYPESET) is None


@pytest.mark.parametrize("name", expected_pages())
def test_a_page_is_whole(name: str, site: str, browser: Chrome) -> None:
    open_page(browser, f"{site}/{name}.html")
    facts = browser.execute_script(FACTS)
    assert facts["typeset"] == facts["expected"], "every formula is typeset"
    assert facts["empty"] == 0
    assert facts["errors"] == []
    assert facts["raw"] == []
    for width in WIDTHS.values():
        for theme in ("light", "dark"):
            show(browser, width, theme)
            browser.execute_script("window.scrollTo(0, document.body.scrollHeight)")
            time.sleep(0.05)
            over, which = browser.execute_script(OVERFLOW)
            assert (over, which) == (0, []), f"{width} px wide"
            assert browser.execute_script(CONTRAST) == [], theme
    assert browser.execute_script(FACTS)["broken"] == []
    assert complaints(browser) == []
    assert {urlsplit(address).netloc for address in requests(browser)} == {urlsplit(site).netloc}


def complaints(browser: Chrome) -> list[str]:
    """Return everything on the console that is an error or a warning."""
    return [x["message"] for x in browser.get_log("browser") if x["level"] != "INFO"]


def requests(browser: Chrome) -> list[str]:
    """Return every address asked for, but for data in the page itself and the browser's own start page."""
    events = [json.loads(x["message"])["message"] for x in browser.get_log("performance")]
    sent = [
        x["params"]["request"]["url"] for x in events if x["method"] == "Network.requestWillBeSent"
    ]
    own = ("data:", "blob:", "chrome:", "chrome-untrusted:")
    return [address for address in sent if not address.startswith(own)]


def test_the_first_page_leads_to_the_first_chapter(site: str, browser: Chrome) -> None:
    browser.get(f"{site}/index.html")
    WebDriverWait(browser, 10).until(url_to_be(f"{site}/intro.html"))
    await_math(browser)
    browser.find_element("css selector", "a.right-next").click()
    assert browser.current_url != f"{site}/intro.html"


def test_a_receipt_opens_by_the_keyboard_and_is_typeset_then(site: str, browser: Chrome) -> None:
    browser.get(f"{site}/03_nelbo_in_x.html")
    await_math(browser)
    receipt = browser.find_element("css selector", "details.receipt")
    inside = "return arguments[0].querySelectorAll('mjx-container').length"
    assert browser.execute_script(inside, receipt) == 0
    summary = receipt.find_element("css selector", "summary")
    assert summary.text.startswith("✓ ")
    assert not receipt.find_element("css selector", "li").is_displayed()
    browser.execute_script("arguments[0].focus()", summary)
    summary.send_keys(Keys.ENTER)
    assert receipt.find_element("css selector", "li").is_displayed()
    WebDriverWait(browser, 10).until(lambda b: b.execute_script(inside, receipt) > 5)
    notes = browser.find_element("css selector", "[data-chain]")
    assert notes.find_elements("xpath", "ancestor::details") == []


def test_the_steps_are_found_by_what_is_typed(site: str, browser: Chrome) -> None:
    browser.get(f"{site}/every_step.html")
    await_math(browser)
    rows = "return document.querySelectorAll('table.every-step tbody tr:not([hidden])').length"
    every = browser.execute_script(rows)
    browser.find_element("css selector", ".step-filter input").send_keys("tweedie Efron")
    assert every > browser.execute_script(rows) == 1
    browser.find_element("css selector", ".step-filter input").send_keys(
        Keys.CONTROL, "a", Keys.DELETE
    )
    browser.find_element("css selector", ".step-filter option[value='✎']").click()
    words = browser.execute_script(rows)
    assert every > words > 1
    assert browser.find_element("css selector", ".step-filter output").text == f"{words} of {every}"
    link = browser.find_element("css selector", "svg.arcs a.chain")
    assert "#step-" in link.get_dom_attribute("href")


def test_a_page_opens_from_the_disk(quick_book: Path, browser: Chrome) -> None:
    open_page(browser, (quick_book / "intro.html").as_uri())
    facts = browser.execute_script(FACTS)
    assert facts["typeset"] == facts["expected"] > 0
    assert complaints(browser) == []


def test_broken_math_and_a_wide_page_are_seen(tmp_path: Path, site: str, browser: Chrome) -> None:
    """The checks above can fail: plant what they look for."""
    open_page(browser, f"{site}/intro.html")
    browser.execute_script(
        "document.querySelector('article').insertAdjacentHTML('beforeend',"
        '\'<p id=planted>\\\\\\\\(raw</p><div style="width:3000px;height:9px"></div>'
        '<p style="color:#eee;background:#fff">pale</p><mjx-merror>bad</mjx-merror>\');'
        "console.error('planted')"
    )
    facts = browser.execute_script(FACTS)
    assert facts["raw"] == ["\\\\(raw"[1:]] or facts["raw"]
    assert facts["errors"] == ["bad"]
    assert browser.execute_script(OVERFLOW)[0] > 0
    assert browser.execute_script(CONTRAST)
    assert any("planted" in message for message in complaints(browser))
