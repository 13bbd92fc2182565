#!/usr/bin/env python3
"""Draws the pictures of docs/benchmarks.md from JSON on standard input: the same input, the same files.

usage: race_plots.py FOLDER        writes FOLDER/ratios.svg and FOLDER/gaps.svg
"""

import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot as plt
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

matplotlib.rcParams.update(
    {
        "svg.hashsalt": "partwise",
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans", "Arial", "sans-serif"],
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "path.simplify_threshold": 0.5,
    }
)
# Okabe and Ito's colours, which people who see few colours tell apart.
COLOURS = {"partwise": "#D55E00", "scikit-learn": "#0072B2", "torchnmf": "#009E73", "rcppml": "#CC79A7"}
OTHERS = "#777777"
DASHES = {"f64": "-", "f32": (0, (3.5, 1.5))}
DARK, LIGHT = {"f64": "#0072B2", "f32": "#E69F00"}, "#999999"
ACROSS = 4


def save(figure: Any, path: Path) -> None:
    text = io.StringIO()
    options = {"metadata": {"Date": None, "Creator": None}, "facecolor": "white", "bbox_inches": "tight", "pad_inches": 0.1}
    figure.savefig(text, format="svg", **options)
    plt.close(figure)
    path.write_text(smaller(text.getvalue()))


def smaller(text: str) -> str:
    """The same picture in a fifth of the bytes: a tenth of a point is finer than what is seen, and nobody asks for names."""
    text = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", text, flags=re.DOTALL)

    def tag(found: re.Match[str]) -> str:
        words = re.sub(r"\s+", " ", found[0])
        words = re.sub(r"\d+\.\d{2,}", lambda number: f"{float(number[0]):.1f}".removesuffix(".0"), words)
        words = re.sub(r" transform=\"rotate\(-0 [^\"]*\"|(?<=<g) id=\"[^\"]*\"", "", words)
        words = re.sub(r"font-family: [^;\"]*; ?", "", words)
        # After the first, a line needs no letter.
        return re.sub(r"(L [^LMz\"]*)(?:L [^LMz\"]*)+", lambda lines: "L" + lines[0].replace("L", "").replace("  ", " "), words)

    text = re.sub(r"<[^>]+>", tag, text)
    # Groups that say nothing.
    open_groups: list[bool] = []

    def group(found: re.Match[str]) -> str:
        if found[0] != "</g>":
            open_groups.append(found[0] != "<g>")
        elif open_groups.pop():
            return found[0]
        return found[0] if found[0] != "</g>" and open_groups[-1] else ""

    text = re.sub(r"<g(?: [^>]*)?>|</g>", group, text)
    # The mark itself says so too.
    text = re.sub(r"(<use [^>]*?) style=\"stroke: #000000; stroke-width: 0.8\"", r"\1", text)
    # What is said of many is said once.
    styles = {style: f"s{at}" for at, style in enumerate(dict.fromkeys(re.findall(r' style="([^"]*)"', text)))}
    text = re.sub(r' style="([^"]*)"', lambda found: f' class="{styles[found[1]]}"', text)
    rules = "".join(f".{name}{{{style}}}" for style, name in styles.items())
    text = text.replace("</style>", f"{rules}</style>", 1)
    text = re.sub(r">\s+<", ">\n<", text)
    return text.replace("<svg ", "<svg font-family=\"DejaVu Sans, Arial, sans-serif\" ", 1)


def plain(x: float, _: Any = None) -> str:
    return f"{x:g}×"


def ratios(cells: list[dict[str, Any]], path: Path) -> None:
    figure, axes = plt.subplots(figsize=(8, 0.9 + 0.36 * len(cells)))
    highest = 1.0
    for at, cell in enumerate(cells):
        if cell["promised"]:
            axes.plot([cell["promised"]] * 2, [at - 0.42, at + 0.42], color="black", lw=1.8, solid_capstyle="butt", zorder=2)
        for of, shift in zip(cell["of"], (-0.17, 0.17), strict=True):
            colour = DARK[of["precision"]]
            for level, marker, fill in (("large", "o", "white"), ("small", "o", colour)):
                if (value := of[level]) is None:
                    continue
                # More than that: an arrow.
                marker = ">" if value["more"] else marker
                axes.plot(value["times"], at + shift, marker, ms=6.5 if value["more"] else 6, mfc=fill, mec=colour, mew=1.3, zorder=3)
                highest = max(highest, value["times"])
    axes.axvline(1, color=LIGHT, lw=1, zorder=1)
    axes.set_xscale("log")
    lowest = min([v["times"] for c in cells for o in c["of"] for v in (o["small"], o["large"]) if v] + [1.0])
    axes.set_xlim(min(0.5, lowest / 1.4), max(20, highest * 1.5))
    axes.set_ylim(len(cells) - 0.4, -0.6)
    axes.set_yticks(range(len(cells)), [cell["cell"] for cell in cells])
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(plain))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.minorticks_off()
    axes.grid(axis="x", color="#eeeeee", zorder=0)
    axes.set_axisbelow(True)
    axes.set_xlabel("time of the best peer of the same precision / time of partwise: to the right is faster")

    def dot(label: str, marker: str, colour: str, fill: str) -> Line2D:
        return Line2D([], [], ls="", marker=marker, ms=6, mfc=fill, mec=colour, mew=1.3, label=label)

    handles = [dot("f64, to 0.1% of the gap", "o", DARK["f64"], DARK["f64"]), dot("to 1%", "o", DARK["f64"], "white")]
    handles += [dot("f32, to 0.1% of the gap", "o", DARK["f32"], DARK["f32"]), dot("to 1%", "o", DARK["f32"], "white")]
    handles += [dot("more than that", ">", LIGHT, LIGHT), Line2D([], [], ls="", marker="|", ms=11, mew=1.8, color="black", label="promised to 0.1%")]
    axes.legend(handles=handles, loc="lower center", ncols=3, frameon=False, bbox_to_anchor=(0.4, 1))
    save(figure, path)


def gaps(cells: list[dict[str, Any]], path: Path) -> None:
    down = -(-len(cells) // ACROSS)
    figure, grid = plt.subplots(down, ACROSS, figsize=(11, 2.25 * down), sharey=True, squeeze=False, layout="constrained")
    seen = {}
    for axes, cell in zip(grid.flat, cells, strict=False):
        for level in (1e-2, 1e-3):
            axes.axhline(level, color="#bbbbbb", lw=0.8, zorder=1)
        for curve in cell["curves"]:
            if not curve["points"]:
                continue
            x, y = zip(*curve["points"], strict=True)
            ours = curve["program"] == "partwise"
            colour = COLOURS.get(curve["program"], OTHERS)
            dashes = DASHES[curve["precision"]]
            axes.plot(x, y, color=colour, ls=dashes, lw=2.0 if ours else 1.3, zorder=3 if ours else 2)
            seen[(not ours, curve["program"], curve["precision"])] = (colour, dashes, 2.0 if ours else 1.3)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_ylim(1e-4, 2)
        axes.set_title(cell["cell"], fontsize=9)
        axes.xaxis.set_major_locator(LogLocator(numticks=5))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axes.yaxis.set_major_locator(LogLocator(numticks=6))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:g}%"))
        axes.minorticks_off()
    for axes in grid.flat[len(cells) :]:
        axes.set_visible(False)
    for axes in grid[:, 0]:
        axes.set_ylabel("gap")
    for at in range(ACROSS):
        shown = [row[at] for row in grid if row[at].get_visible()]
        if shown:
            shown[-1].set_xlabel("seconds")
    order = sorted(seen, key=lambda key: (key[0], key[1], key[2] == "f32"))
    handles = [Line2D([], [], color=seen[k][0], ls=seen[k][1], lw=seen[k][2], label=f"{k[1]} {k[2]}") for k in order]
    figure.legend(handles=handles, loc="outside upper center", ncols=6, frameon=False, handlelength=2.8)
    save(figure, path)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder, what = Path(sys.argv[1]), json.load(sys.stdin)
    ratios(what["ratios"], folder / "ratios.svg")
    gaps(what["gaps"], folder / "gaps.svg")


if __name__ == "__main__":
    main()
