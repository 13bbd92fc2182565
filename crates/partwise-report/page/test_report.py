"""The page in a real browser, without a window: `pytest test_report.py`.

Needs pytest, playwright, numpy and Chromium (its path in CHROMIUM, or `chromium` on the path). Nothing is fetched.
"""

import base64
import os
import time
import zlib

import numpy as np
import pytest

import assemble
import fixtures
from conftest import Opened
from looks import CONTRAST, INK, THIN, prints, text_of

ALL = [
    *("words", "sbs96", "picture", "axis", "one", "many", "large", "nothing", "hostile", "part_of", "scan_alone"),
    *("consensus", "signatures", "earlier"),
]


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
        """(all) => all.map((node) => [
          node.getAttribute('aria-label'), node.querySelectorAll('path[d]:not([d=""]), rect, circle').length])"""
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
          return box.width > 1 && box.right > width + 1 && !e.closest('.scroll, pre')
            && getComputedStyle(e).clipPath === 'none';
        }).map((e) => e.outerHTML.slice(0, 80))""",
        width,
    )
    assert out == []


def test_numbers_are_those_of_the_data(opened, reports):
    _, data = reports("words")
    page = opened("words").page
    run = data["run"]
    shown = dict(
        page.locator("#verdict .figures > div").evaluate_all(
            "(all) => all.map((e) => [e.querySelector('dt').textContent, e.querySelector('.num').dataset.raw])"
        )
    )
    assert float(shown["Relative error"]) == run["relative_error"]
    assert float(shown["Optimality residual"]) == run["kkt_residual"]
    assert float(shown["Held-out relative error"]) == run["held_out"]["relative_rmse"]
    assert float(shown["Kullback–Leibler loss"]) == run["loss_value"]
    assert float(shown["Time of the fit"]) == run["seconds"]["init"] + run["seconds"]["solve"]
    assert text_of(page, "#verdict .figures").count("0.2873") == 1
    cards = page.locator(".component")
    by_share = sorted(range(6), key=lambda c: -data["components"][c]["share"])
    assert cards.count() == 6
    for at, c in enumerate(by_share):
        raw = cards.nth(at).locator(".mini .num").evaluate_all("(all) => all.map((e) => Number(e.dataset.raw))")
        part = data["components"][c]
        assert raw == [part["share"], part["stability"], part["sparseness_w"], part["sparseness_h"]]
    # Rank: every number of the table.
    page.locator("#rank details summary").click()
    rows = page.locator("#rank details tbody tr").evaluate_all(
        "(all) => all.map((tr) => [...tr.querySelectorAll('.num')].map((e) => Number(e.dataset.raw)))"
    )
    for row, entry in zip(rows, data["rank"]["ranks"], strict=True):
        keys = [
            "relative_error",
            "stability",
            "cophenetic",
            "dispersion",
            "ambiguous",
            "silhouette",
            "explained",
            "residual",
            "objective",
            "sparseness_w",
            "sparseness_h",
        ]
        assert row == [entry["held_out"]["mean"]] + [entry[key] for key in keys]
    worst = page.locator("[data-worst=samples] .num").evaluate_all("(all) => all.map((e) => Number(e.dataset.raw))")
    assert worst == [e for _, e in data["worst"]["rows"]]


def test_shares_of_samples_are_those_of_the_factors(opened, reports):
    _, data = reports("large")
    raw = np.frombuffer(
        zlib.decompress(base64.b64decode(data["w"]["base64"])),
        dtype={"u16": "<u2", "u8": "u1", "f32": "<f4"}[data["w"]["type"]],
    )
    w = raw.reshape(-1, 12) * np.array(data["w"]["scale"] or [1.0] * 12)
    parts = w * np.array([part["h_sum"] for part in data["components"]])
    shares = parts / parts.sum(axis=1, keepdims=True)
    page = opened("large").page
    rows = page.locator("#samples-table tbody tr")
    for i in range(25):
        numbers = rows.nth(i).locator(".num").evaluate_all("(all) => all.map((e) => Number(e.dataset.raw))")
        assert numbers == pytest.approx([shares[i].max(), parts[i].sum(), shares[i, 0]], rel=1e-4)


def test_colours_of_a_picture_are_those_of_its_numbers(opened, reports):
    _, data = reports("picture")
    h = np.frombuffer(zlib.decompress(base64.b64decode(data["h"]["base64"])), dtype="<f4").reshape(9, -1)
    page = opened("picture").page
    first = max(range(9), key=lambda c: data["components"][c]["share"])
    pixels = page.locator(".component canvas.picture").first.evaluate(
        "(c) => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
    )
    colours = np.array(pixels).reshape(-1, 4)[:, :3]
    steps = np.rint(255 * h[first].astype(float) / h[first].max()).astype(int)
    assert tuple(colours[steps.argmax()]) == (255, 234, 70) and tuple(colours[steps.argmin()]) == (0, 32, 77)
    # Cividis gets lighter all the way: more is lighter, and the same is the same.
    light = colours @ np.array([0.2126, 0.7152, 0.0722])
    order = np.argsort(steps, kind="stable")
    assert (np.diff(light[order]) >= -1.5).all()
    for step in set(steps):
        assert len({tuple(c) for c in colours[steps == step]}) == 1


def test_pixels_by_columns_make_the_same_pictures(opened):
    drawn = [
        opened(name)
        .page.locator(".component canvas.picture")
        .evaluate_all(
            "(all) => all.map((c) => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data])",
        )
        for name in ("picture", "picture_by_columns")
    ]
    assert drawn[0] == drawn[1] and len(drawn[0]) == 9
    # They are not their own mirror images, so that the order is seen.
    first = np.array(drawn[0][0]).reshape(12, 12, 4)
    assert (first != first.transpose(1, 0, 2)).any()


@pytest.mark.parametrize("which", ["w", "h"])
def test_heat_maps_use_the_whole_ramp(opened, which):
    page = opened("words").page
    box = page.locator(f"[data-map={which}]")
    box.get_by_text("Of the largest").click()
    seen = box.locator(".heat > canvas").evaluate(
        """(c) => {
          const { data } = c.getContext('2d').getImageData(0, 0, c.width, c.height);
          const seen = new Set();
          for (let i = 0; i < data.length; i += 4) seen.add(data.slice(i, i + 3).join(' '));
          return [...seen];
        }"""
    )
    assert "255 234 70" in seen and "0 32 77" in seen


def test_a_dash_where_there_is_no_number(opened):
    page = opened("nothing").page
    figures = page.locator("#verdict .figures .num").all_inner_texts()
    assert figures.count("–") >= 5
    body = page.locator("main").inner_text()
    assert "NaN" not in body and "undefined" not in body and "null" not in body and "Infinity" not in body
    assert page.locator("#rank .panel").count() == 0


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
    # How long it takes says nothing where the machine has other work.
    assert not os.environ.get("QUIET_MACHINE") or min(times) < 2


def test_search_among_one_hundred_thousand(opened):
    report = opened("large")
    page = report.page
    start = time.perf_counter()
    page.get_by_label("Find a sample").fill("acgtac")
    report.until("document.querySelector('#samples > .fine').textContent.includes(' of 100')")
    assert not os.environ.get("QUIET_MACHINE") or time.perf_counter() - start < 1.5
    page.locator("[data-key=name]").click()
    names = page.locator("#samples-table tbody td:nth-child(2)").all_inner_texts()
    assert names == sorted(names) and all("ACGTAC" in name for name in names)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_of_text_can_be_read(opened, scheme):
    report = opened("words", color_scheme=scheme)
    report.scroll_through()
    weak = report.page.evaluate(CONTRAST)
    assert weak == []


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
    assert (
        report.page.evaluate(
            "[...document.querySelectorAll('button')].filter((b) => b.offsetParent && !b.closest('.strip, th')).length"
        )
        == 0
    )
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
          const all = document.querySelectorAll(
            'a[href], button:not([disabled]), input, select, summary, [tabindex="0"]');
          return [...all].filter((e) => {
            if (!e.getClientRects().length || e.closest('dialog')) return false;
            if (e.closest('details:not([open])') && e.tagName !== 'SUMMARY') return false;
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
            """() => [...document.querySelectorAll(
              'button, a[href], input, select, canvas, svg[role=img], [role=region], section, nav, fieldset'
            )].filter((e) => {
              if (e.closest('[aria-hidden=true]')) return false;
              if (e.tagName === 'FIELDSET') return !e.querySelector('legend').textContent;
              const by = e.getAttribute('aria-labelledby');
              if (by) return !document.getElementById(by);
              if (e.getAttribute('aria-label') || (e.matches('button, a') && e.textContent.trim())) return false;
              return !(e.labels && e.labels.length && e.labels[0].textContent.trim());
            }).map((e) => e.outerHTML.slice(0, 100))"""
        )
        assert nameless == []
        levels = page.evaluate(
            "[...document.querySelectorAll('main h1, main h2, main h3, main h4')].map((e) => Number(e.tagName[1]))"
        )
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(b <= a + 1 for a, b in zip(levels, levels[1:], strict=False))
        assert page.locator("html").get_attribute("lang") == "en"
        ids = page.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id)")
        assert len(ids) == len(set(ids))


def test_sections_of_a_scan_alone(opened):
    page = opened("scan_alone").page
    assert page.locator("main section").evaluate_all("(all) => all.map((e) => e.id)") == [
        "verdict",
        "rank",
        "reproduce",
        "downloads",
    ]
    assert page.locator("#nav a").all_inner_texts() == ["Verdict", "Rank", "Reproduce", "Downloads"]


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
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 600, path.name
