"""How things grow, as a picture."""

import matplotlib

matplotlib.use("svg")

from matplotlib import pyplot  # noqa: E402


def growth(path, lines):
    """Draws CPU time a message over the number of messages, both by powers of ten; answers the path.

    `lines` has by name the points (messages, microseconds). A line that stays level is work that grows as the archive does.
    """
    # The same numbers give the same file.
    matplotlib.rcParams["svg.hashsalt"] = "tgl"
    figure, axes = pyplot.subplots(figsize=(9, 5.5))
    for name, points in lines.items():
        many = len(points) > 10
        axes.plot(*zip(*points), label=name, linewidth=1 if many else 1.6, marker=None if many else "o", markersize=4)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("messages in the archive")
    axes.set_ylabel("µs of CPU for each message")
    axes.grid(which="major", alpha=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
    return path
