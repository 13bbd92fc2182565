"""Put data.json into the page, as the program does: `python assemble.py data.json report.html`.

For development and the tests. The styles and the script go in as they are; the policy in the head names their hashes.
"""

import base64
import hashlib
import html
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent


def script():
    """The script: the files of order.txt, one after the other, in one function."""
    names = (HERE / "order.txt").read_text(encoding="utf-8").split()
    parts = [(HERE / name).read_text(encoding="utf-8") for name in names]
    return "(() => {\n'use strict';\n" + "".join(parts) + "})();\n"


def digest(text):
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def data_block(data):
    """JSON that cannot end the element it stands in."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def assemble(data):
    """The report as text."""
    style = (HERE / "report.css").read_text(encoding="utf-8")
    code = script()
    policy = (
        f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(code)}'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    parts = {
        "__CSP__": policy,
        "__TITLE__": html.escape(data.get("title") or "Report"),
        "<!--STYLE-->": style,
        "<!--DATA-->": data_block(data),
        "<!--SCRIPT-->": code,
    }
    page = (HERE / "report.html").read_text(encoding="utf-8")
    # From left to right, so that what was put in is never looked at again: a title may contain a placeholder.
    made = []
    while True:
        found = [(page.index(key), key) for key in parts if key in page]
        if not found:
            return "".join(made) + page
        at, key = min(found)
        made += [page[:at], parts[key]]
        page = page[at + len(key) :]


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: assemble.py data.json report.html")
    source = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    pathlib.Path(sys.argv[2]).write_text(assemble(source), encoding="utf-8", newline="\n")
