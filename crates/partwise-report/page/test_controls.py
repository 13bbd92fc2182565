"""Every control of the page changes what it says: `pytest test_controls.py`."""

import base64
import csv
import io
import json
import xml.etree.ElementTree as tree
import zlib

import numpy as np
import pytest

import fixtures
from looks import THIN, prints, text_of


def relevance_order(part, lam, count):
    top = [row for row in part["top"] if lam >= 1 or (row[1] > 0 and row[2] > 0)]
    score = (lambda r: r[1]) if lam >= 1 else (lambda r: lam * np.log(r[1]) + (1 - lam) * np.log(r[2]))
    return [row[0] for row in sorted(top, key=lambda r: (-score(r), -r[1], r[0]))][:count]


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
    page.locator("#names-file").set_input_files(
        {"name": "names.json", "mimeType": "application/json", "buffer": json.dumps(names).encode()}
    )
    report.settle()
    assert "topic 3" in text_of(page, "#structure .legend") and "graphics" not in text_of(page, "#structure .legend")
    page.locator(".component .name").first.fill("  ")
    page.keyboard.press("Enter")
    report.settle()
    assert page.locator(".component .name").first.input_value() == "component 1"


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
    rows = sorted(
        (r for r in first["top"] if r[3] is not None and r[1] >= 1 / len(fixtures.WORDS)), key=lambda r: (-r[3], -r[1])
    )
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
    assert page.locator(".component").first.locator("svg text").all_text_contents()[-6:] == [
        "C>A",
        "C>G",
        "C>T",
        "T>A",
        "T>C",
        "T>G",
    ]
    page = opened("axis").page
    assert page.locator(".component svg path.line").count() == 3
    assert "wavelength / nm" in page.locator(".component").first.locator("svg").text_content()
    page = opened("words").page
    assert page.locator("#lambda").input_value() == "0.6"
    page.locator("#lambda").fill("1")
    sizes = (
        page.locator(".component")
        .first.locator(".words span")
        .evaluate_all("(all) => all.map((e) => parseFloat(getComputedStyle(e).fontSize))")
    )
    assert sizes == sorted(sizes, reverse=True) and sizes[0] > 1.3 * sizes[-1]


def test_details_of_a_component(opened, reports):
    _, data = reports("part_of")
    page = opened("part_of").page
    page.locator(".component button").first.click()
    dialog = page.locator("dialog")
    assert dialog.is_visible()
    first = max(data["components"], key=lambda part: part["share"])
    weights = dialog.locator("tbody tr td:nth-child(2) .num").evaluate_all(
        "(all) => all.map((e) => Number(e.dataset.raw))"
    )
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
    for text in ["As given", "As it is", "Of the largest" if which == "w" else "Share of the"]:
        box.get_by_text(text).click()
        shot = prints(page, canvas)
        assert shot not in seen, text
        seen.add(shot)
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
    h = np.frombuffer(zlib.decompress(base64.b64decode(data["h"]["base64"])), dtype="<f4").reshape(6, -1)
    first = max(range(6), key=lambda c: data["components"][c]["share"])
    assert lines[1] == fixtures.WORDS[0]
    shown = (
        lines[2]
        .removeprefix("h ")
        .replace(THIN + "×" + THIN + "10", "e")
        .translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    )
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
    assert (
        "of 600 samples are drawn"
        in opened("words", viewport={"width": 360, "height": 800}).page.locator("#structure .fine").first.inner_text()
    )


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
    shown = page.locator("#samples-table tbody td:nth-child(6) .num")
    share = lambda: shown.evaluate_all("(all) => all.map((e) => Number(e.dataset.raw))")  # noqa: E731
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
    assert held.locator("path.error").count() == 11 and held.locator(".mark-label").text_content() == "rank 6"
    # Bars are as long as two standard errors, all on one scale, and stand around their point.
    ends = held.locator("path.error").evaluate_all(
        "(all) => all.map((e) => e.getAttribute('d').match(/^M\\S+ (\\S+)V([^M]+)/).slice(1, 3).map(Number))"
    )
    middles = held.locator("circle.dot").evaluate_all("(all) => all.map((e) => Number(e.getAttribute('cy')))")
    errors = [entry["held_out"]["error"] for entry in data["rank"]["ranks"]]
    scale = (ends[0][0] - ends[0][1]) / errors[0]
    assert [low - high for low, high in ends] == pytest.approx([scale * e for e in errors], rel=1e-6)
    assert middles == pytest.approx([(low + high) / 2 for low, high in ends], abs=1e-6)
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
    assert files == [
        "components.csv",
        "top-features.csv",
        "names.json",
        "W.csv",
        "shares.csv",
        "H.csv",
        "ranks.csv",
        "run.json",
    ]
    for name in files:
        with page.expect_download() as got:
            page.locator(f'[data-file="{name}"]').click()
        assert got.value.suggested_filename == name
        text = open(got.value.path(), encoding="utf-8", newline="").read()
        if name == "run.json":
            assert json.loads(text) == data["run"]
        if name == "H.csv":
            rows = list(csv.reader(io.StringIO(text, newline="")))
            assert len(rows) == len(fixtures.HOSTILE) + 1
            assert '\'=HYPERLINK("x")' in [row[0] for row in rows], "a spreadsheet would run it"


def test_figures_are_saved(opened):
    page = opened("words").page
    for label, ending in [
        ("Save objective as SVG", b"<svg"),
        ("Save rank-held_out as SVG", b"<svg"),
        ("Save W as PNG", b"\x89PNG"),
        ("Save structure as PNG", b"\x89PNG"),
    ]:
        with page.expect_download() as got:
            page.get_by_label(label).click()
        assert open(got.value.path(), "rb").read().startswith(ending)


def test_saved_svg_stands_alone(opened):
    page = opened("words").page
    with page.expect_download() as got:
        page.get_by_label("Save rank-stability as SVG").click()
    root = tree.fromstring(open(got.value.path(), encoding="utf-8").read())
    line = [node for node in root.iter("{http://www.w3.org/2000/svg}path") if node.get("fill") == "none"]
    assert line and all(node.get("stroke", "").startswith("rgb") for node in line)


def test_copy_the_command(opened, reports):
    report = opened("words")
    report.context.grant_permissions(["clipboard-read", "clipboard-write"])
    report.page.locator("#copy").click()
    report.until("document.getElementById('copy').textContent === 'Copied'")
    assert report.page.evaluate("navigator.clipboard.readText()") == reports("words")[1]["command"]


def test_navigation(opened):
    report = opened("words")
    page = report.page
    page.locator("#nav").get_by_text("Samples").click()
    report.until("document.querySelector('#nav [aria-current]').textContent === 'Samples'")
    top = page.locator("#samples-h").bounding_box()["y"]
    assert 54 <= top < 200


def test_a_consensus_says_what_it_is(opened):
    report = opened("consensus")
    page, data = report.page, fixtures.consensus()
    said = text_of(page, "#consensus")
    assert "20 runs of rank 3" in said and "Whiskers are half the range between the quartiles" in said
    assert "Runs that agree" in text_of(page, "#verdict")
    first = page.locator(".component").first
    part = data["components"][int(first.get_attribute("data-component"))]
    assert first.locator("[data-fact=runs] dd").inner_text() == f"{part['runs']} of 20"
    assert first.locator("[data-fact='mean cosine'] dd").inner_text().startswith("0.9")
    assert first.locator("[data-fact=stability]").count() == 0
    # A whisker lies around the end of its bar, as wide as it says.
    by = relevance_order(part, 1, 10)
    rows = {row[0]: row for row in part["top"]}
    most = max(rows[j][1] + rows[j][4] for j in by)
    items = first.locator(".bars li")
    for at, j in enumerate(by):
        item = items.nth(at)
        bar = item.locator(".meter").bounding_box()
        end = item.locator(".meter > span").bounding_box()
        if not rows[j][4]:
            assert item.locator(".whisker").count() == 0
            continue
        whisker = item.locator(".whisker").bounding_box()
        low = max(0, rows[j][1] - rows[j][4])
        assert whisker["x"] - bar["x"] == pytest.approx(low / most * bar["width"], abs=1.5)
        assert whisker["width"] == pytest.approx((rows[j][1] + rows[j][4] - low) / most * bar["width"], abs=3.5)
        assert whisker["x"] - 1.5 <= end["x"] + end["width"] <= whisker["x"] + whisker["width"] + 1.5
    assert " ± " in items.first.get_attribute("title")
    # Specificity has no spread.
    page.get_by_text("Specificity", exact=True).click()
    assert page.locator(".component .whisker").count() == 0
    page.get_by_role("button", name="Details of").first.click()
    assert f"In {part['runs']} of 20 runs" in text_of(page, "dialog #agreement")
    assert "± over runs" in text_of(page, "dialog thead")


def test_known_signatures_are_named(opened):
    report = opened("signatures")
    page, data = report.page, fixtures.signatures()
    first = page.locator(".component").first
    part = data["components"][int(first.get_attribute("data-component"))]
    name, cosine = part["known"][0]
    assert first.locator("[data-fact='most like'] dd").inner_text() == f"{name} {cosine:.3g}"
    assert page.locator("[data-fact='most like']").count() == 3
    # Channels that vary have whiskers; the first of the file does not, nor do those that are not there.
    spread = part["spread"]
    assert first.locator("path.whisker").count() == sum(v > 0 for v in spread) == 95
    page.get_by_role("button", name="Details of").first.click()
    assert page.locator("dialog #known li").all_inner_texts() == [f"{n} cosine {c:#.3g}" for n, c in part["known"]]
    page.keyboard.press("Escape")
    page.locator("#components input[type=search]").fill(name.lower())
    report.until("document.querySelectorAll('.component').length === 1")


def test_labels_beyond_count_are_counted(opened):
    page = opened("earlier").page
    note = text_of(page, "#structure .heat-foot p")
    assert 'Shown are the 40 most frequent labels; 160 more are "other".' in note
    cells = page.locator("#samples-table tbody tr")
    row = cells.nth(7).locator("td").all_inner_texts()
    assert row[1] == "s0007" and row[2] == "–"
    assert cells.nth(6).locator("td").nth(2).inner_text().split()[0] in ("label", "other")
    page.locator("#structure-group").select_option("")
    assert "other" not in text_of(page, "#structure .heat-foot p")


def test_only_the_starts_with_a_trace_are_drawn(opened):
    page = opened("earlier").page
    assert page.locator("#convergence svg.plot").first.get_attribute("aria-label").startswith("Objective of 1 start")
    assert page.locator("#convergence tbody tr").count() == 5
    page = opened("words").page
    assert page.locator("#convergence svg.plot").first.get_attribute("aria-label").startswith("Objective of 8 starts")
