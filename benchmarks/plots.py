"""Draws pictures of the results of `make bench`, for the documentation.

    python benchmarks/plots.py [benchmarks/results.json] [--out docs/images]

The results may lack parts. A missing part gets no picture. The pictures are SVG files. The same figures always give
identical files.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

__all__ = ["draw"]

ROOT = Path(__file__).resolve().parents[1]
Row = dict[str, Any]

OWN, PEER, FLOOR = "#b5427a", "#8f9bb0", "#d5dae3"
LINES = {
    "macaron": OWN,
    "drf": "#4a5a78",
    "fastapi-async": "#2f8f83",
    "django-floor": "#9aa3b2",
    "blacksheep-dynamoxy": "#b8860b",
    "django-raw": "#7a6fb0",
    "asgi-raw": "#5b9bd5",
}
OPERATIONS = {"get": "get one", "list100": "list 100", "put": "replace", "create": "create"}
#: sweep → what its numbers are
SWEEPS = {
    "page_size": "profiles on a page (list)",
    "body_kb": "KB of a body (replace)",
    "operations": "operations in the spec (get one)",
    "clients": "connections at once (get one)",
}
#: Only stacks that serve the whole API over DynamoDB. The variants are in the table.
STACKS = (
    *("macaron", "drf", "ninja", "connexion", "fastapi-threads", "fastapi-async", "flask-boto3"),
    *("blacksheep-dynamoxy", "litestar-dynamoxy", "fastapi-dynamoxy", "bolt-dynamoxy"),
    *("blacksheep-pydynox", "litestar-pydynox", "fastapi-pydynox"),
    *("django-raw", "asgi-raw", "wsgi-raw", "django-floor", "wsgi-floor"),
)


def colour(stack: str) -> str:
    return OWN if stack == "macaron" else FLOOR if stack.endswith(("-floor", "-raw")) else PEER


def bare(panel: Axes, *sides: str) -> None:
    """Removes the frame of a panel."""
    for side in sides:
        panel.spines[side].set_visible(False)
    panel.tick_params(labelsize=8, length=0)


def cpu_by_stack(rows: list[Row]) -> Figure:
    """Draws a panel for each operation, with a bar for each stack and the cheapest stack at the top."""
    measured = [row for row in rows if row["stack"] in STACKS]
    names = [name for name in OPERATIONS if any(row["operation"] == name for row in measured)]
    figure, panels = plt.subplots(2, 2, figsize=(9, 10), constrained_layout=True)
    for panel, operation in zip(panels.flat, names, strict=False):
        shown = sorted((row for row in measured if row["operation"] == operation), key=lambda row: -row["cpu_ms"])
        stacks = [row["stack"] for row in shown]
        bars = panel.barh(stacks, [row["cpu_ms"] for row in shown], color=[colour(stack) for stack in stacks])
        panel.bar_label(bars, fmt="%.2f", padding=3, fontsize=8)
        panel.set_title(f"{OPERATIONS[operation]}: CPU milliseconds a request", fontsize=9, loc="left")
        panel.margins(x=0.14)
        bare(panel, "top", "right", "bottom", "left")
        panel.set_xticks([])
    return figure


def _number(value: float, _: object = None) -> str:
    return f"{value:,g}"


def _draw_lines(panel: Axes, lines: dict[str, list[tuple[float, float]]]) -> None:
    """Draws a line for each stack, in the stack's colour."""
    for stack, points in lines.items():
        colour_of_it = LINES.get(stack, PEER)
        panel.plot(*zip(*points, strict=True), color=colour_of_it, marker="o", markersize=3.5, linewidth=1.6)
    panel.grid(axis="y", color="#e6e9ef", linewidth=0.8)
    panel.set_axisbelow(True)
    bare(panel, "top", "right", "left")


def _name_lines(panel: Axes, lines: dict[str, list[tuple[float, float]]]) -> None:
    """Writes each line's name at the line's end, so that names don't overlap.

    The limits of the axes must already be set.
    """
    to_panel = panel.transScale + panel.transLimits
    ends = {stack: float(to_panel.transform(points[-1])[1]) for stack, points in lines.items()}
    lowest = 0.0
    for stack, end in sorted(ends.items(), key=lambda item: item[1]):
        place = max(end, lowest)
        lowest = place + 0.07
        panel.text(
            *(1.01, place, stack), transform=panel.transAxes, fontsize=8, va="center", color=LINES.get(stack, PEER)
        )


def _by_stack(rows: Sequence[Row], x: str, y: str) -> dict[str, list[tuple[float, float]]]:
    stacks = dict.fromkeys(row["stack"] for row in rows)
    return {stack: sorted((row[x], row[y]) for row in rows if row["stack"] == stack) for stack in stacks}


def cost(panel: Axes, rows: Sequence[Row], what: str) -> None:
    """Draws the cost by a number, both on logarithmic axes."""
    lines = _by_stack(rows, "x", "cpu_ms")
    _draw_lines(panel, lines)
    panel.set_xscale("log")
    panel.set_yscale("log")
    costs = [row["cpu_ms"] for row in rows]
    panel.set_ylim(min(costs) / 1.5, max(max(costs) * 1.5, min(costs) * 10))
    panel.set_xticks(sorted({row["x"] for row in rows}))
    panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_formatter(FuncFormatter(_number))
        axis.set_minor_locator(NullLocator())
    panel.set_title(f"CPU milliseconds by {what}", fontsize=9, loc="left")
    _name_lines(panel, lines)


def cost_by(sweeps: dict[str, list[Row]], names: Sequence[str]) -> Figure:
    """Draws two sweeps side by side."""
    figure, panels = plt.subplots(1, len(names), figsize=(9.4, 3.4), constrained_layout=True)
    for panel, name in zip(panels, names, strict=True):
        cost(panel, sweeps[name], SWEEPS[name])
    return figure


def throughput_by_workers(rows: list[Row]) -> Figure:
    """Draws requests a second with one worker and with two, side by side."""
    stacks = list(dict.fromkeys(row["stack"] for row in rows))
    operations = list(dict.fromkeys(row["operation"] for row in rows))
    figure, panels = plt.subplots(1, len(operations), figsize=(9.4, 2.6), constrained_layout=True, squeeze=False)
    for panel, operation in zip(panels.flat, operations, strict=True):
        for number, shade in ((1, 0.55), (2, 1.0)):
            rates = {row["stack"]: row["rps"] for row in rows if row["operation"] == operation and row["x"] == number}
            places = [place + (-0.2 if number == 1 else 0.2) for place in range(len(stacks))]
            bars = panel.barh(
                places,
                [rates.get(stack, 0) for stack in stacks],
                height=0.36,
                color=[LINES.get(stack, PEER) for stack in stacks],
                alpha=shade,
            )
            labels = [f"{rates.get(stack, 0):,.0f} with {'one worker' if number == 1 else 'two'}" for stack in stacks]
            panel.bar_label(bars, labels, padding=3, fontsize=8)
        panel.set_yticks(range(len(stacks)), stacks)
        panel.invert_yaxis()
        panel.set_title(f"{OPERATIONS.get(operation, operation)}: requests a second", fontsize=9, loc="left")
        panel.margins(x=0.4)
        bare(panel, "top", "right", "bottom", "left")
        panel.set_xticks([])
    return figure


def memory(rows: list[Row]) -> Figure:
    """Draws memory by the number of requests. The axis starts at zero, so that a flat line looks flat."""
    figure, panel = plt.subplots(figsize=(6, 2.6), constrained_layout=True)
    lines = _by_stack(rows, "requests", "rss_mb")
    _draw_lines(panel, lines)
    panel.set_ylim(0, max(row["rss_mb"] for row in rows) * 1.2)
    panel.xaxis.set_major_formatter(FuncFormatter(_number))
    panel.set_title("MB of the worker after so many requests", fontsize=9, loc="left")
    _name_lines(panel, lines)
    return figure


def draw(results: dict[str, Any], folder: Path) -> list[Path]:
    """Writes pictures of all parts that the results have, and returns the pictures' paths."""
    plt.rcParams.update({"svg.hashsalt": "macaron_django", "svg.fonttype": "path"})
    sweeps = results.get("sweeps", {})
    figures: dict[str, Figure] = {}
    if results.get("rows"):
        figures["cpu-by-stack"] = cpu_by_stack(results["rows"])
    for name, pair in {"cost-by-size": ("page_size", "body_kb"), "cost-by-load": ("operations", "clients")}.items():
        if all(sweeps.get(sweep) for sweep in pair):
            figures[name] = cost_by(sweeps, pair)
    if sweeps.get("workers"):
        figures["throughput-by-workers"] = throughput_by_workers(sweeps["workers"])
    if results.get("memory"):
        figures["memory-by-requests"] = memory(results["memory"])
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, figure in figures.items():
        path = folder / f"{name}.svg"
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)
        written.append(path)
    return written


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])  # type: ignore[union-attr]
    parser.add_argument("results", type=Path, nargs="?", default=ROOT / "benchmarks/results.json")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/images", help="the folder for the pictures")
    options = parser.parse_args()
    if not options.results.exists():
        parser.error(f"{options.results} isn't there: run `make bench`.")
    for path in draw(json.loads(options.results.read_text("utf-8")), options.out):
        print(path)


if __name__ == "__main__":
    main()
