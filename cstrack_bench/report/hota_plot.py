"""Plot of HOTA's curves, as users of TrackEval know it."""

from pathlib import Path

from cstrack_bench.errors import InputError
from cstrack_bench.evaluation.hota_curves import HotaCurves
from cstrack_bench.files import replacing

#: Endings of the files that can be written.
SUFFIXES = (".png", ".svg", ".pdf")
# Detection blue, association green, localisation magenta, as in TrackEval; recall
# dashed and precision dotted.
_STYLES = {
    "HOTA": ("tab:red", "-"),
    "DetA": ("tab:blue", "-"),
    "AssA": ("tab:green", "-"),
    "DetRe": ("tab:blue", "--"),
    "DetPr": ("tab:blue", ":"),
    "AssRe": ("tab:green", "--"),
    "AssPr": ("tab:green", ":"),
    "LocA": ("tab:purple", "-"),
}


def check_plot_path(path: Path) -> None:
    """Refuse a file name that no picture can have.

    Raises:
        InputError: its ending is none of ``SUFFIXES``.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"--plot writes {', '.join(SUFFIXES)}, not {path.name}.")


def write_hota_plot(path: Path, curves: HotaCurves, title: str) -> None:
    """Draw every curve over the thresholds and write the picture atomically.

    The same curves give the same bytes.

    Args:
        path: of a .png, .svg or .pdf file.
        curves: what to draw.
        title: above it.

    Raises:
        InputError: another ending.
        CstrackError: the file system refused.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    check_plot_path(path)
    figure = Figure(figsize=(7.0, 5.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for name, values in curves.values.items():
        color, style = _STYLES[name]
        mean = sum(values) / len(values)
        width = 2.5 if name == "HOTA" else 1.5
        axes.plot(
            curves.thresholds,
            values,
            color=color,
            linestyle=style,
            linewidth=width,
            label=f"{name} ({mean:.1f})",
        )
    axes.set(xlabel="overlap threshold α", ylabel="%", xlim=(0, 1), ylim=(0, 100))
    axes.set_title(title, fontsize=10)
    axes.grid(alpha=0.3)
    axes.legend(title="mean over α", fontsize=8, ncols=2, loc="lower left")
    kind = path.suffix.lower().removeprefix(".")
    # No date and no random names: the file changes only where the curves do.
    dated: dict[str, dict[str, None]] = {
        "svg": {"Date": None},
        "pdf": {"CreationDate": None},
    }
    with (
        matplotlib.rc_context({"svg.hashsalt": "cstrack_bench"}),
        replacing(path) as temporary,
    ):
        figure.savefig(temporary, format=kind, dpi=150, metadata=dated.get(kind))
