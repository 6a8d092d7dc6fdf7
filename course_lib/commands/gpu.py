"""``gpu``: what a person with a CUDA machine runs once, in under three minutes and without a network.

It needs torch, NumPy, SciPy and this repository; where something else is missing it says so and goes on. On a machine
without a GPU, ``gpu --device=cpu`` rehearses the same on the CPU.
"""

import sys

from course_lib.commands.environment import ROOT

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """Says what was found and measured; 1 where a test failed or numbers disagree. ``--save`` keeps the table."""
    try:
        import torch
    except ImportError:
        print(
            "torch is not installed here. Install it as pytorch.org describes, or run: make setup",
            file=sys.stderr,
        )
        return 1
    asked = [word.partition("=")[2] for word in argv if word.startswith("--device=")]
    name = asked[0] if asked else "cuda"
    if name.startswith("cuda") and not torch.cuda.is_available():
        print(
            f"No CUDA device was found: torch {torch.__version__} was built for "
            f"{'CUDA ' + torch.version.cuda if torch.version.cuda else 'the CPU'}. On a machine with an NVIDIA GPU "
            "install a CUDA build of torch as pytorch.org describes. To rehearse without one: "
            "python -m course_lib gpu --device=cpu",
            file=sys.stderr,
        )
        return 1
    place = torch.device(name)
    print(f"{_described(torch, place)}; torch {torch.__version__}")
    sys.path.insert(0, str(ROOT))  # the tests stand beside the package
    from tests.benchmarks.bench_gpu import run

    rows, well = run(name)
    if "--save" in argv and rows:
        from tests.benchmarks.results import append_table

        append_table("The GPU, by the command gpu", rows, ROOT / "tests" / "benchmarks" / "RESULTS.md")
    print("All that could be tried holds." if well else "Something failed: see above.")
    return int(not well)


def _described(torch, place) -> str:
    if place.type != "cuda":
        return f"A rehearsal on {place}"
    card = torch.cuda.get_device_properties(place)
    return f"{card.name}, {card.total_memory / 2**30:.0f} GiB, CUDA {torch.version.cuda}"
