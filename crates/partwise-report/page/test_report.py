"""The page in a real browser, without a window: `pytest test_report.py`.

Needs pytest, playwright, numpy and Chromium (its path in CHROMIUM, or `chromium` on the path). Nothing is fetched.
"""

import json
import os
import shutil
import time

import numpy as np
import pytest

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import sync_playwright  # noqa: E402

import assemble  # noqa: E402
import fixtures  # noqa: E402

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
ALL = ["words", "sbs96", "picture", "axis", "one", "many", "large", "nothing", "hostile", "part_of", "scan_alone"]
THIN = "\u202f"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as play:
        made = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture(scope="session")
def reports(tmp_path_factory):
    """Files by name, made when first asked for."""
    folder = tmp_path_factory.mktemp("reports")
    made = {}

    def of(name):
        if name not in made:
            data = getattr(fixtures, name)()
            path = folder / f"{name}.html"
            path.write_text(assemble.assemble(data), encoding="utf-8", newline="\n")
            made[name] = (path, data)
        return made[name]

    return of


class Opened:
    """A page with what it complained about and what it asked for."""

    def __init__(self, browser, path, **settings):
        self.context = browser.new_context(**({"viewport": {"width": 1440, "height": 900}, "accept_downloads": True} | settings))
        self.page = self.context.new_page()
        self.complaints, self.requests = [], []
        self.page.on("console", lambda m: self.complaints.append(m.text))
        self.page.on("pageerror", lambda e: self.complaints.append(str(e)))
        self.page.on("dialog", lambda d: (self.complaints.append("dialog: " + d.message), d.dismiss()))
        self.page.on("request", lambda r: self.requests.append(r.url))
        self.url = path.as_uri()
        start = time.perf_counter()
        self.page.goto(self.url)
        self.page.wait_for_selector("html[data-ready]", timeout=20000)
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        self.seconds = time.perf_counter() - start

    def scroll_through(self):
        """Come by every part of the page, for what is drawn only when it is near."""
        self.page.evaluate(
            """async () => {
              for (let y = 0; y < document.documentElement.scrollHeight; y += 600) {
                scrollTo({ top: y, behavior: 'instant' });
                await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
              }
            }"""
        )

    def settle(self):
        self.page.wait_for_timeout(250)


@pytest.fixture
def opened(browser, reports):
    pages = []

    def go(name, **settings):
        page = Opened(browser, reports(name)[0], **settings)
        pages.append(page)
        return page

    yield go
    for page in pages:
        page.context.close()


def text_of(page, selector):
    return page.locator(selector).first.inner_text()


INK = """(canvas) => {
  const pen = canvas.getContext('2d');
  const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
  const seen = new Set();
  for (let i = 0; i < data.length; i += 4) seen.add((data[i] << 16 | data[i + 1] << 8 | data[i + 2]) * 2 + (data[i + 3] > 0));
  return seen.size;
}"""


def prints(page, selector):
    """What a canvas shows, as a text that can be compared."""
    return page.locator(selector).first.evaluate("(canvas) => canvas.toDataURL()")


@pytest.mark.parametrize("name", ALL)
def test_opens_without_complaint_or_request(opened, name):
    report = opened(name)
    report.scroll_through()
    assert report.page.locator("html").get_attribute("data-ready") == "yes"
    assert report.complaints == []
    assert report.requests == [report.url]


@pytest.mark.parametrize("name", ALL)
def test_every_figure_has_something_in_it(opened, name):
    report = opened(name)
    report.scroll_through()
    report.settle()
    canvases = report.page.locator("main canvas")
    for i in range(canvases.count()):
        canvas = canvases.nth(i)
        if not canvas.is_visible():
            continue
        colours = canvas.evaluate(INK)
        # A component that is zero everywhere is a picture of one colour, but no fixture has one.
        assert colours > 1, canvas.get_attribute("aria-label")
        assert canvas.get_attribute("aria-label")
    drawn = report.page.locator("main svg.plot").evaluate_all(
        "(all) => all.map((node) => [node.getAttribute('aria-label'), node.querySelectorAll('path[d]:not([d=\"\"]), rect, circle').length])"
    )
    for label, shapes in drawn:
        assert label and shapes > (0 if name == "nothing" else 1)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("width", [360, 768, 1440])
def test_fits_the_width(opened, name, width):
    report = opened(name, viewport={"width": width, "height": 900})
    report.scroll_through()
    assert report.page.evaluate("document.documentElement.scrollWidth") <= width
    # Nothing is cut either: what sticks out of the window lies in something that scrolls.
    out = report.page.evaluate(
        """(width) => [...document.querySelectorAll('main *')].filter((e) => {
          const box = e.getBoundingClientRect();
          return box.width > 1 && box.right > width + 1 && !e.closest('.scroll') && !e.closest('pre') && getComputedStyle(e).clipPath === 'none';
        }).map((e) => e.outerHTML.slice(0, 80))""",
        width,
    )
    assert out == []


def test_numbers_are_those_of_the_data(opened, reports):
    _, data = reports("words")
    page = opened("words").page
    run = data["run"]
    shown = dict(
        page.locator("#verdict .figures > div").evaluate_all("(all) => all.map((e) => [e.querySelector('dt').textContent, e.querySelector('.num').dataset.raw])")
    )
    assert float(shown["Relative error"]) == run["relative_error"]
    assert float(shown["Optimality residual"]) == run["kkt_residual"]
    assert float(shown["Held-out relative error"]) == run["held_out"]["relative_rmse"]
    assert float(shown["Kullback–Leibler loss"]) == run["loss_value"]
    assert float(shown["Time of the fit"]) == run["seconds"]["init"] + run["seconds"]["solve"]
    assert text_of(page, "#verdict .figures") .count("0.2873") == 1
    cards = page.locator(".component")
    by_share = sorted(range(6), key=lambda c: -data["components"][c]["share"])
    assert cards.count() == 6
    for at, c in enumerate(by_share):
        raw = cards.nth(at).locator(".mini .num").evaluate_all("(all) => all.map((e) => Number(e.dataset.raw))")
        part = data["components"][c]
        assert raw == [part["share"], part["stability"], part["sparseness_w"], part["sparseness_h"]]
    # Rank: every number of the table.
    page.locator("#rank details summary").click()
    rows = page.locator("#rank details tbody tr").evaluate_all("(all) => all.map((tr) => [...tr.querySelectorAll('.num')].map((e) => Number(e.dataset.raw)))")
    for row, entry in zip(rows, data["rank"]["ranks"], strict=True):
        keys = ["relative_error", "stability", "cophenetic", "dispersion", "ambiguous", "silhouette", "explained", "residual", "objective", "sparseness_w", "sparseness_h"]
        assert row == [entry["held_out"]["mean"]] + [entry[key] for key in keys]
    worst = page.locator("[data-worst=samples] .num").evaluate_all("(all) => all.map((e) => Number(e.dataset.raw))")
    assert worst == [e for _, e in data["worst"]["rows"]]


def test_shares_of_samples_are_those_of_the_factors(opened, reports):
    _, data = reports("large")
    import base64
    import zlib

    raw = np.frombuffer(zlib.decompress(base64.b64decode(data["w"]["base64"])), dtype={"u16": "<u2", "u8": "u1", "f32": "<f4"}[data["w"]["type"]])
    w = raw.reshape(-1, 12) * np.array(data["w"]["scale"] or [1.0] * 12)
    parts = w * np.array([part["h_sum"] for part in data["components"]])
    shares = parts / parts.sum(axis=1, keepdims=True)
    page = opened("large").page
    rows = page.locator("#samples-table tbody tr")
    for i in range(25):
        numbers = rows.nth(i).locator(".num").evaluate_all("(all) => all.map((e) => Number(e.dataset.raw))")
        assert numbers == pytest.approx([shares[i].max(), parts[i].sum(), shares[i, 0]], rel=1e-4)


def test_a_dash_where_there_is_no_number(opened):
    page = opened("nothing").page
    figures = page.locator("#verdict .figures .num").all_inner_texts()
    assert figures.count("–") >= 5
    body = page.locator("main").inner_text()
    assert "NaN" not in body and "undefined" not in body and "null" not in body and "Infinity" not in body
    assert page.locator("#rank .panel").count() == 0


def test_names_can_be_edited_and_are_used_everywhere(opened):
    report = opened("words")
    page = report.page
    page.locator(".component .name").first.fill("graphics")
    page.keyboard.press("Enter")
    report.settle()
    assert "graphics" in text_of(page, "#structure .legend")
    assert "graphics" in page.locator("#structure-sort").inner_text()
    assert "graphics" in page.locator("#samples-component").inner_text()
    assert "graphics" in text_of(page, "#samples-table thead")
    assert page.locator(".strip-piece").first.get_attribute("aria-label").startswith("graphics")
    page.get_by_role("button", name="Details of graphics").click()
    assert text_of(page, "dialog h2") == "graphics"
    page.keyboard.press("Escape")
    with page.expect_download() as got:
        page.locator("#save-names").click()
    names = json.loads(open(got.value.path(), encoding="utf-8").read())
    assert "graphics" in names["components"] and len(names["components"]) == 6
    names["components"] = [f"topic {i}" for i in range(6)]
    page.locator("#names-file").set_input_files({"name": "names.json", "mimeType": "application/json", "buffer": json.dumps(names).encode()})
    report.settle()
    assert "topic 3" in text_of(page, "#structure .legend") and "graphics" not in text_of(page, "#structure .legend")
    page.locator(".component .name").first.fill("  ")
    page.keyboard.press("Enter")
    report.settle()
    assert page.locator(".component .name").first.input_value() == "component 1"


def relevance_order(part, lam, count):
    top = [row for row in part["top"] if lam >= 1 or (row[1] > 0 and row[2] > 0)]
    score = (lambda r: r[1]) if lam >= 1 else (lambda r: lam * np.log(r[1]) + (1 - lam) * np.log(r[2]))
    return [row[0] for row in sorted(top, key=lambda r: (-score(r), -r[1], r[0]))][:count]


def test_slider_and_specificity_rank_features(opened, reports):
    _, data = reports("words")
    page = opened("words").page
    page.locator("#components").get_by_text("Bars", exact=True).click()
    first = max(data["components"], key=lambda part: part["share"])

    def shown():
        return page.locator(".component").first.locator(".bar-name").all_inner_texts()

    for lam in (1.0, 0.6, 0.0):
        page.locator("#lambda").fill(str(lam))
        assert shown() == [fixtures.WORDS[j] for j in relevance_order(first, lam, 10)]
    page.locator("#components").get_by_text("Specificity", exact=True).click()
    rows = sorted((r for r in first["top"] if r[3] is not None and r[1] >= 1 / len(fixtures.WORDS)), key=lambda r: (-r[3], -r[1]))
    assert shown() == [fixtures.WORDS[r[0]] for r in rows][:10]
    assert not page.locator("#lambda").is_visible()


def test_find_a_component(opened):
    report = opened("words")
    page = report.page
    page.get_by_label("Find a component or feature").fill("component 4")
    report.settle()
    assert page.locator(".component").count() == 1
    page.get_by_label("Find a component or feature").fill("no such word")
    report.settle()
    assert page.locator(".component").count() == 0
    page.get_by_label("Find a component or feature").fill("")
    report.settle()
    assert page.locator(".component").count() == 6


def test_pictures_channels_spectra_and_words(opened):
    page = opened("picture").page
    assert page.locator(".component canvas.picture").count() == 9
    scale = page.locator(".component").nth(3).locator(".scale .num")
    own = scale.nth(1).get_attribute("data-raw")
    before = prints(page, ".component:nth-child(4) canvas.picture")
    page.get_by_text("One for all").click()
    assert float(scale.nth(1).get_attribute("data-raw")) > float(own)
    assert prints(page, ".component:nth-child(4) canvas.picture") != before
    page.locator("#components").get_by_text("Bars", exact=True).click()
    assert page.locator(".component canvas.picture").count() == 0
    page = opened("sbs96").page
    bars = page.locator(".component").first.locator("svg rect")
    assert bars.count() > 90
    assert page.locator(".component").first.locator("svg text").all_inner_texts()[-6:] == ["C>A", "C>G", "C>T", "T>A", "T>C", "T>G"]
    page = opened("axis").page
    assert page.locator(".component svg path.line").count() == 3
    assert "wavelength / nm" in page.locator(".component").first.locator("svg").text_content()
    page = opened("words").page
    sizes = page.locator(".component").first.locator(".words span").evaluate_all("(all) => all.map((e) => parseFloat(getComputedStyle(e).fontSize))")
    assert sizes == sorted(sizes, reverse=True) and sizes[0] > 1.3 * sizes[-1]


def test_details_of_a_component(opened, reports):
    _, data = reports("part_of")
    page = opened("part_of").page
    page.locator(".component button").first.click()
    dialog = page.locator("dialog")
    assert dialog.is_visible()
    first = max(data["components"], key=lambda part: part["share"])
    weights = dialog.locator("tbody tr td:nth-child(2) .num").evaluate_all("(all) => all.map((e) => Number(e.dataset.raw))")
    assert weights == [row[1] for row in first["top"]][:20]
    values = dialog.locator(".bars .num").evaluate_all("(all) => all.map((e) => Number(e.dataset.raw))")
    assert len(values) == 12 and values == sorted(values, reverse=True)
    assert "Of the 500 samples held" in dialog.inner_text()
    name = text_of(page, "dialog h2")
    dialog.get_by_role("button", name="Next").click()
    assert text_of(page, "dialog h2") != name
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert "Details of" in page.evaluate("document.activeElement.getAttribute('aria-label')")


@pytest.mark.parametrize("which", ["w", "h"])
def test_controls_of_heat_maps(opened, which):
    page = opened("words").page
    canvas = f"[data-map={which}] .heat > canvas"
    box = page.locator(f"[data-map={which}]")
    seen = {prints(page, canvas)}
    for text in ["As given", "As it is", "Of the largest", "Share of the"]:
        box.get_by_text(text).click()
        shot = prints(page, canvas)
        if text != "As it is" and which == "h" and text == "Of the largest":
            assert shot not in seen
        seen.add(shot)
    assert len(seen) >= 4
    whole = prints(page, canvas)
    box.get_by_label("Zoom in").click()
    zoomed = prints(page, canvas)
    assert zoomed != whole
    box.get_by_label("Zoom out").click()
    assert prints(page, canvas) == whole
    page.locator(canvas).focus()
    page.keyboard.press("+")
    assert prints(page, canvas) == zoomed
    page.keyboard.press("0")
    assert prints(page, canvas) == whole
    page.keyboard.press("ArrowRight")
    assert page.locator("#tip").is_visible() and page.locator("#tip").inner_text().startswith("component")
    page.keyboard.press("Escape")
    assert not page.locator("#tip").is_visible()
    page.locator(canvas).hover()
    assert "component" in page.locator("#tip").inner_text()


def test_hover_on_a_map_says_the_value(opened, reports):
    _, data = reports("words")
    page = opened("words").page
    page.locator("[data-map=h]").get_by_text("As given").click()
    page.locator("[data-map=h] .heat > canvas").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    lines = page.locator("#tip").inner_text().split("\n")
    import base64
    import zlib

    h = np.frombuffer(zlib.decompress(base64.b64decode(data["h"]["base64"])), dtype="<f4").reshape(6, -1)
    first = max(range(6), key=lambda c: data["components"][c]["share"])
    assert lines[1] == fixtures.WORDS[0]
    shown = lines[2].removeprefix("h ").replace(THIN + "×" + THIN + "10", "e").translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    assert float(shown) == pytest.approx(float(h[first, 0]), rel=1e-3)


def test_structure_sorts_and_groups(opened):
    page = opened("words").page
    canvas = "#structure canvas"
    seen = [prints(page, canvas)]
    for value in ["given", "two", "2", "largest"]:
        page.locator("#structure-sort").select_option(value)
        seen.append(prints(page, canvas))
    assert len(set(seen)) == 4 and seen[0] == seen[-1]
    page.locator("#structure-group").select_option("1")
    assert prints(page, canvas) not in seen
    page.locator("#structure-group").select_option("")
    assert prints(page, canvas) not in seen
    page.locator(canvas).focus()
    page.keyboard.press("ArrowRight")
    assert "%" in page.locator("#tip").inner_text()
    assert "of 600 samples are drawn" in opened("words", viewport={"width": 360, "height": 800}).page.locator("#structure .fine").first.inner_text()


def test_samples_search_sort_and_pages(opened):
    report = opened("words")
    page = report.page
    rows = page.locator("#samples-table tbody tr")
    names = lambda: page.locator("#samples-table tbody td:nth-child(2)").all_inner_texts()  # noqa: E731
    assert rows.count() == 25 and names()[0] == "text 0001"
    page.locator("#samples-next").click()
    assert names()[0] == "text 0026" and "page 2 of 24" in page.locator(".pager").inner_text()
    page.locator("#samples-back").click()
    assert names()[0] == "text 0001"
    page.get_by_label("Rows").select_option("100")
    assert rows.count() == 100
    page.get_by_label("Find a sample").fill("0042")
    report.settle()
    assert names() == ["text 0042"]
    page.get_by_label("Find a sample").fill("hockey")
    report.settle()
    groups = page.locator("#samples-table tbody td:nth-child(3)").all_inner_texts()
    assert groups and set(groups) == {"hockey"}
    page.get_by_label("Find a sample").fill("")
    report.settle()
    share = lambda: page.locator("#samples-table tbody td:nth-child(6) .num").evaluate_all("(all) => all.map((e) => Number(e.dataset.raw))")  # noqa: E731
    page.locator("[data-key=share]").click()
    assert share() == sorted(share(), reverse=True) and page.locator("th[aria-sort=descending]").count() == 1
    page.locator("[data-key=share]").click()
    assert share() == sorted(share()) and page.locator("th[aria-sort=ascending]").count() == 1
    assert page.evaluate("document.activeElement.dataset.key") == "share"
    last = lambda: page.locator("#samples-table tbody td:last-child").first.inner_text()  # noqa: E731
    before = last()
    page.locator("#samples-component").select_option("4")
    assert last() != before
    page.get_by_label("Find a sample").fill("nobody")
    report.settle()
    assert "No sample matches" in rows.first.inner_text()


def test_convergence_controls(opened, reports):
    _, data = reports("words")
    page = opened("words").page
    line = lambda: page.locator("#convergence svg").first.locator("path.line.main").get_attribute("d")  # noqa: E731
    assert page.locator("#convergence svg").first.locator("path.line.thin").count() == 7
    first = line()
    page.locator("#convergence").get_by_text("Time", exact=True).click()
    assert "seconds" in page.locator("#convergence svg").first.text_content()
    page.get_by_text("Above the best").click()
    assert line() != first and "above the best" in page.locator("#convergence .panel-note").first.inner_text()
    page.get_by_text("As it is").last.click()
    page.locator("#convergence").get_by_text("Iterations", exact=True).first.click()
    page.locator("#convergence svg").first.focus()
    page.keyboard.press("End")
    assert f"iteration {data['run']['iterations']}" in page.locator("#tip").inner_text()
    page.locator("#convergence svg").first.hover()
    assert "objective" in page.locator("#tip").inner_text()


def test_rank_page(opened, reports):
    _, data = reports("words")
    page = opened("words").page
    assert page.locator("#rank [data-criterion]").count() == 12
    advice = page.locator(".advice").inner_text()
    assert "Recommended rank 6" in advice and "high confidence" in advice
    for reason in data["rank"]["advice"]["reasons"]:
        assert reason[1:] in advice
    held = page.locator("[data-criterion=held_out] svg")
    assert held.locator("path.error").count() == 11 and held.locator(".mark-label").inner_text() == "rank 6"
    error = page.locator("[data-criterion=relative_error] svg")
    assert error.locator("path.line.dashed").count() == 1 and error.locator("path.band").count() == 1
    held.focus()
    page.keyboard.press("Home")
    assert "rank 2" in page.locator("#tip").inner_text() and "over 3 folds" in page.locator("#tip").inner_text()
    page.locator("[data-map=consensus] canvas").first.focus()
    page.keyboard.press("ArrowDown")
    assert "of starts together" in page.locator("#tip").inner_text()


def test_downloads(opened, reports):
    _, data = reports("hostile")
    page = opened("hostile").page
    files = page.locator("#downloads [data-file]").evaluate_all("(all) => all.map((e) => e.dataset.file)")
    assert files == ["components.csv", "top-features.csv", "names.json", "W.csv", "shares.csv", "H.csv", "ranks.csv", "run.json"]
    for name in files:
        with page.expect_download() as got:
            page.locator(f'[data-file="{name}"]').click()
        assert got.value.suggested_filename == name
        text = open(got.value.path(), encoding="utf-8", newline="").read()
        if name == "run.json":
            assert json.loads(text) == data["run"]
        if name == "H.csv":
            import csv

            rows = list(csv.reader(text.splitlines(keepends=True)))
            assert len(rows) == len(fixtures.HOSTILE) + 1
            assert "'=HYPERLINK(\"x\")" in [row[0] for row in rows], "a spreadsheet would run it"
    for label, ending in [("Save objective as SVG", b"<svg"), ("Save rank-held_out as SVG", b"<svg"), ("Save W as PNG", b"\x89PNG"), ("Save structure as PNG", b"\x89PNG")]:
        with page.expect_download() as got:
            page.get_by_label(label).click()
        assert open(got.value.path(), "rb").read().startswith(ending)


def test_saved_svg_stands_alone(opened):
    page = opened("words").page
    with page.expect_download() as got:
        page.get_by_label("Save rank-stability as SVG").click()
    import xml.etree.ElementTree as tree

    root = tree.fromstring(open(got.value.path(), encoding="utf-8").read())
    line = [node for node in root.iter("{http://www.w3.org/2000/svg}path") if node.get("fill") == "none"]
    assert line and all(node.get("stroke", "").startswith("rgb") for node in line)


def test_copy_the_command(opened, reports):
    report = opened("words")
    report.context.grant_permissions(["clipboard-read", "clipboard-write"])
    report.page.locator("#copy").click()
    report.page.wait_for_function("document.getElementById('copy').textContent === 'Copied'")
    assert report.page.evaluate("navigator.clipboard.readText()") == reports("words")[1]["command"]


def test_hostile_names_are_text(opened, reports):
    path, _ = reports("hostile")
    source = path.read_text(encoding="utf-8")
    assert source.count("</script>") == 2 and "<img" not in source and source.count("<script") == 2
    report = opened("hostile")
    report.scroll_through()
    page = report.page
    assert report.complaints == [] and report.requests == [report.url]
    assert page.locator("img, main script, main b").count() == 0
    assert page.locator("h1").inner_text() == "</title><script>alert(0)</script> __CSP__ <!--SCRIPT-->"
    assert page.title() == "</title><script>alert(0)</script> __CSP__ <!--SCRIPT-->"
    assert "</script><img src=x onerror=alert(1)>" in page.locator("#samples-table").inner_text()
    assert page.locator(".component .name").first.input_value() in fixtures.HOSTILE
    for i in range(4):
        page.locator(".component .card-foot button").nth(i).click()
        page.keyboard.press("Escape")
    assert report.complaints == []


def test_policy_stops_what_gets_in(opened):
    report = opened("one")
    ran = report.page.evaluate(
        """() => {
          const script = document.createElement('script');
          script.textContent = 'window.ran = true';
          document.body.append(script);
          const image = document.createElement('img');
          image.setAttribute('onerror', 'window.ran = true');
          image.src = 'https://example.org/x.png';
          document.body.append(image);
          return new Promise((done) => setTimeout(() => done(window.ran === true), 300));
        }"""
    )
    assert ran is False
    assert any("Content Security Policy" in text for text in report.complaints)


def test_two_hundred_components(opened):
    report = opened("many")
    page = report.page
    assert report.seconds < 3
    assert page.locator(".component").count() == 24
    page.locator("#all-components").click()
    assert page.locator(".component").count() == 200
    assert not page.locator("#all-components").is_visible()
    report.scroll_through()
    report.settle()
    assert page.locator(".component").last.locator(".bars li").count() == 10


def test_one_hundred_thousand_samples(browser, reports):
    path, _ = reports("large")
    assert path.stat().st_size < 5_000_000
    times = []
    for _ in range(3):
        report = Opened(browser, path)
        times.append(report.seconds)
        text = report.page.locator("#samples > .fine").inner_text()
        assert text == f"100{THIN}000 samples."
        report.context.close()
    print("opened in", [round(t, 2) for t in times], "s;", path.stat().st_size, "bytes")
    assert min(times) < 2


def test_search_among_one_hundred_thousand(opened):
    page = opened("large").page
    start = time.perf_counter()
    page.get_by_label("Find a sample").fill("acgtac")
    page.wait_for_function("/ of 100/.test(document.querySelector('#samples > .fine').textContent)")
    assert time.perf_counter() - start < 1.5
    page.locator("[data-key=name]").click()
    names = page.locator("#samples-table tbody td:nth-child(2)").all_inner_texts()
    assert names == sorted(names) and all("ACGTAC" in name for name in names)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_of_text_can_be_read(opened, scheme):
    report = opened("words", color_scheme=scheme)
    report.scroll_through()
    weak = report.page.evaluate(CONTRAST)
    assert weak == []


CONTRAST = """() => {
  const parse = (text) => {
    let m = text.match(/^color\\(srgb ([\\d.e-]+) ([\\d.e-]+) ([\\d.e-]+)(?: \\/ ([\\d.]+))?/);
    if (m) return [m[1] * 255, m[2] * 255, m[3] * 255, m[4] === undefined ? 1 : Number(m[4])];
    m = text.match(/[\\d.]+/g).map(Number);
    return [m[0], m[1], m[2], m[3] === undefined ? 1 : m[3]];
  };
  const light = ([r, g, b]) => {
    const f = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b);
  };
  const ground = (node) => {
    const layers = [];
    for (let e = node; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c[3] > 0) layers.push(c);
      if (c[3] === 1) break;
    }
    let base = [255, 255, 255];
    for (const c of layers.reverse()) base = base.map((v, i) => v + (c[i] - v) * c[3]);
    return base;
  };
  const weak = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !node.getClientRects().length || node.closest('script, style, [disabled], .hidden, .skip')) continue;
    const style = getComputedStyle(node);
    const colour = parse(node instanceof SVGElement ? style.fill : style.color);
    const back = ground(node);
    const mixed = back.map((v, i) => v + (colour[i] - v) * colour[3]);
    const [a, b] = [light(mixed), light(back)].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) weak.push(node.tagName + ' ' + walker.currentNode.textContent.slice(0, 30) + ' ' + contrast.toFixed(2));
  }
  return weak;
}"""


def test_theme_button_changes_colours(opened):
    page = opened("words", color_scheme="light").page
    ground = lambda: page.evaluate("getComputedStyle(document.body).backgroundColor")  # noqa: E731
    auto, canvas = ground(), prints(page, "[data-map=w] .heat > canvas")
    page.locator("#theme").click()
    assert ground() == auto and page.locator("#theme").get_attribute("aria-label") == "Colours: light"
    page.locator("#theme").click()
    assert ground() != auto and prints(page, "[data-map=w] .heat > canvas") != canvas
    page.locator("#theme").click()
    assert ground() == auto and prints(page, "[data-map=w] .heat > canvas") == canvas
    page.emulate_media(color_scheme="dark")
    assert ground() != auto


@pytest.mark.parametrize("name", ["words", "many"])
def test_prints(opened, name, tmp_path):
    report = opened(name, color_scheme="dark")
    path = tmp_path / "report.pdf"
    report.page.pdf(path=path, format="A4", print_background=True)
    raw = path.read_bytes()
    assert raw.startswith(b"%PDF") and len(raw) > 20_000
    report.page.emulate_media(media="print")
    assert not report.page.locator(".bar").is_visible()
    assert report.page.evaluate("[...document.querySelectorAll('button')].filter((b) => b.offsetParent && !b.closest('.strip, th')).length") == 0
    assert report.complaints == []


def test_paper_gets_everything(opened):
    page = opened("many", color_scheme="dark").page
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    assert page.locator(".component").count() == 200
    assert page.locator(".component").last.locator(".bars li").count() == 10
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0
    assert page.locator(".component").count() == 24


def test_everything_can_be_reached_by_keys(opened):
    page = opened("words").page
    seen = set()
    for _ in range(400):
        page.keyboard.press("Tab")
        mark = page.evaluate(
            """() => {
              const e = document.activeElement;
              if (e === document.body) return null;
              const all = window.marks || (window.marks = new Map());
              if (!all.has(e)) all.set(e, all.size);
              const style = getComputedStyle(e.matches('.choice input') ? e.nextElementSibling : e);
              const ring = style.outlineStyle !== 'none' || e.matches('.name') || e.id === 'names-file';
              return [all.get(e), e.tagName, ring];
            }"""
        )
        if mark is None or mark[0] == 0 and len(seen) > 1:
            break
        assert mark[2], f"no ring around {mark}"
        seen.add(mark[0])
    wanted = page.evaluate(
        """() => {
          const radios = new Set();
          return [...document.querySelectorAll('a[href], button:not([disabled]), input, select, summary, [tabindex="0"]')].filter((e) => {
            if (!e.getClientRects().length || e.closest('dialog') || (e.closest('details:not([open])') && e.tagName !== 'SUMMARY')) return false;
            if (e.type === 'radio') {
              if (radios.has(e.name)) return false;
              radios.add(e.name);
            }
            return true;
          }).length;
        }"""
    )
    assert len(seen) == wanted


def test_controls_have_names_and_headings_are_in_order(opened):
    for name in ("words", "picture", "scan_alone"):
        page = opened(name).page
        nameless = page.evaluate(
            """() => [...document.querySelectorAll('button, a[href], input, select, canvas, svg[role=img], [role=region], section, nav, fieldset')].filter((e) => {
              if (e.closest('[aria-hidden=true]')) return false;
              if (e.tagName === 'FIELDSET') return !e.querySelector('legend').textContent;
              const by = e.getAttribute('aria-labelledby');
              if (by) return !document.getElementById(by);
              return !(e.getAttribute('aria-label') || (e.labels && e.labels.length && e.labels[0].textContent.trim()) || (e.matches('button, a') && e.textContent.trim()));
            }).map((e) => e.outerHTML.slice(0, 100))"""
        )
        assert nameless == []
        levels = page.evaluate("[...document.querySelectorAll('main h1, main h2, main h3, main h4')].map((e) => Number(e.tagName[1]))")
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(b <= a + 1 for a, b in zip(levels, levels[1:]))
        assert page.locator("html").get_attribute("lang") == "en"
        ids = page.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id)")
        assert len(ids) == len(set(ids))


def test_sections_of_a_scan_alone(opened):
    page = opened("scan_alone").page
    assert page.locator("main section").evaluate_all("(all) => all.map((e) => e.id)") == ["verdict", "rank", "reproduce", "downloads"]
    assert page.locator("#nav a").all_inner_texts() == ["Verdict", "Rank", "Reproduce", "Downloads"]


def test_navigation(opened):
    report = opened("words")
    page = report.page
    page.locator("#nav").get_by_text("Samples").click()
    page.wait_for_function("document.querySelector('#nav [aria-current]')?.textContent === 'Samples'")
    top = page.locator("#samples-h").bounding_box()["y"]
    assert 54 <= top < 200


def test_an_unknown_schema_is_refused_in_words(browser, tmp_path):
    data = fixtures.one() | {"schema": 2}
    path = tmp_path / "two.html"
    path.write_text(assemble.assemble(data), encoding="utf-8")
    report = Opened(browser, path)
    assert "cannot be shown" in report.page.locator("[role=alert]").inner_text()
    report.context.close()


def test_the_page_is_small():
    total = sum(len((assemble.HERE / name).read_bytes()) for name in (assemble.HERE / "order.txt").read_text().split())
    total += sum(len((assemble.HERE / name).read_bytes()) for name in ("report.html", "report.css"))
    assert total < 200_000
    for path in assemble.HERE.glob("*.*"):
        if path.suffix in {".js", ".css", ".py", ".html"}:
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 700, path.name
