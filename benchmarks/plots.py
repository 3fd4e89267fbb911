"""Plots of what `make bench` measured, for the docs: CPU time of a request by stack, and memory.

python benchmarks/plots.py [benchmarks/results.json] [--out docs/images]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt

ROOT = Path(__file__).resolve().parents[1]
OWN, PEER, FLOOR = "#b5427a", "#8f9bb0", "#d5dae3"


def colour(stack: str) -> str:
    return OWN if stack == "macaron" else FLOOR if stack.endswith("floor") else PEER


def cpu_by_stack(rows: list[dict[str, Any]]) -> Any:
    """One bar a stack, one panel an operation; the cheapest at the top."""
    operations = list(dict.fromkeys(row["operation"] for row in rows))
    figure, panels = plt.subplots(1, len(operations), figsize=(3.2 * len(operations), 3.4), constrained_layout=True)
    for panel, operation in zip(panels, operations, strict=True):
        of_operation = sorted((row for row in rows if row["operation"] == operation), key=lambda row: -row["cpu_ms"])
        names = [row["stack"] for row in of_operation]
        bars = panel.barh(names, [row["cpu_ms"] for row in of_operation], color=[colour(name) for name in names])
        panel.bar_label(bars, fmt="%.2f", padding=3, fontsize=8)
        panel.set_title(f"{operation}: CPU ms a request", fontsize=9, loc="left")
        panel.margins(x=0.18)
        panel.tick_params(labelsize=8, length=0)
        panel.set_xticks([])
        for side in ("top", "right", "bottom", "left"):
            panel.spines[side].set_visible(False)
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])  # type: ignore[union-attr]
    parser.add_argument("results", type=Path, nargs="?", default=ROOT / "benchmarks/results.json")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/images", help="the folder for the pictures")
    options = parser.parse_args()
    if not options.results.exists():
        parser.error(f"{options.results} isn't there: run `make bench`.")
    rows = json.loads(options.results.read_text())["rows"]
    options.out.mkdir(parents=True, exist_ok=True)
    plt.rcParams["svg.hashsalt"] = "macaron_django"  # the same picture for the same figures
    figure = cpu_by_stack(rows)
    path = options.out / "cpu-by-stack.svg"
    figure.savefig(path, metadata={"Date": None})
    print(path)


if __name__ == "__main__":
    main()
