"""Markdown tables, and what all parts share."""

import sys
import textwrap


def say(*words):
    """Progress, beside the document."""
    print(*words, file=sys.stderr, flush=True)


def table(header, rows, right=()):
    """A Markdown table with aligned columns; those named in `right` are set to the right."""
    rows = [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    widths = [max(3, *(len(row[i]) for row in [header, *rows])) for i in range(len(header))]

    def line(cells):
        padded = (
            cell.rjust(width) if name in right else cell.ljust(width)
            for cell, width, name in zip(cells, widths, header, strict=True)
        )
        return "| " + " | ".join(padded) + " |"

    rule = ["-" * (width - 1) + (":" if name in right else "-") for width, name in zip(widths, header, strict=True)]
    return "\n".join([line(header), line(rule), *map(line, rows)])


def point(text):
    """A line of a list, wrapped."""
    print(
        textwrap.fill(
            text, 125, initial_indent="- ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
    )


def number(x):
    """Four digits, as short as they go."""
    if x is None:
        return "-"
    if x == 0 or 1e-3 <= abs(x) < 1e6:
        return f"{x:.4g}"
    return f"{x:.2e}"


def error(raised, most=90):
    """An exception in a line: the first one, where one led to another."""
    while raised.__cause__ is not None:
        raised = raised.__cause__
    lines = [line.strip() for line in str(raised).splitlines() if line.strip()]
    # NumPy says first how near two arrays have to be, and then which they are.
    first = lines[1 if len(lines) > 1 and lines[0].startswith("Not equal to tolerance") else 0] if lines else ""
    text = f"{type(raised).__name__}: {first}"
    return text if len(text) <= most else text[: most - 3] + "..."
