"""Plots the growth of a request's time. Reads the series as JSON from standard input; the argument is the output file."""
import json
import sys

import matplotlib

matplotlib.use("Agg")
# A fixed salt, so that the same numbers give the same file.
matplotlib.rcParams["svg.hashsalt"] = "growth"

import matplotlib.pyplot as plt

series = json.load(sys.stdin)
figure, panels = plt.subplots(1, len(series), figsize=(5 * len(series), 4.2), layout="constrained")
for panel, family in zip(panels, series):
    points = family["points"]
    sizes = [p["size"] for p in points]
    scale = points[-1]["time"] / points[-1]["multiplyAdds"]
    panel.loglog(sizes, [p["multiplyAdds"] * scale for p in points], "--", color="0.6", label="linear in the multiply-adds")
    panel.loglog(sizes, [p["time"] for p in points], "o-", color="C0", label="one request, in binary")
    panel.set(title=family["title"], xlabel=family["unit"], ylabel="ms")
    panel.grid(True, which="major", alpha=0.3)
    panel.legend(frameon=False)
figure.savefig(sys.argv[1], metadata={"Date": None, "Creator": None})
