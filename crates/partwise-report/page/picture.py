#!/usr/bin/env python3
"""A picture of one section of a report.

usage: picture.py REPORT.html SECTION OUT.png [--width 1000] [--height 620] [--lift 1]

SECTION is the id of a section: components, structure, ranks. --lift moves the slider of the components, from 1, what a
component has most of, to 0, what it has most of beside the others. Needs playwright and Chromium.
"""

import argparse
from pathlib import Path

from playwright.sync_api import sync_playwright

from conftest import CHROMIUM


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report", type=Path)
    parser.add_argument("section")
    parser.add_argument("out", type=Path)
    parser.add_argument("--width", type=int, default=1000)
    parser.add_argument("--height", type=int, default=620)
    parser.add_argument("--lift", type=float)
    given = parser.parse_args()
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        # The bar that stays in view would lie over the section.
        page = browser.new_page(viewport={"width": given.width, "height": 900}, bypass_csp=True)
        page.goto(given.report.resolve().as_uri())
        page.add_style_tag(content=".bar { position: static !important; }")
        section = page.locator(f"section#{given.section}")
        if given.lift is not None:
            section.locator("input[type=range]").first.evaluate(
                "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')); }", given.lift
            )
        # What is drawn when it comes into view.
        section.scroll_into_view_if_needed()
        page.wait_for_timeout(700)
        box = section.bounding_box()
        top = box["y"] + page.evaluate("window.scrollY")
        height = min(box["height"], given.height)
        clip = {"x": 0, "y": top, "width": given.width, "height": height}
        page.screenshot(path=given.out, full_page=True, clip=clip)
        browser.close()


if __name__ == "__main__":
    main()
