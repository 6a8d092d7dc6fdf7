"""A GPU tried out in under three minutes, without a network: its tests, a training, and the critic's CUDA graph.

What is missing (scikit-learn, pytest) is said and skipped. ``python -m course_lib gpu`` runs it.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import torch

__all__ = ["run"]

_ROOT = Path(__file__).resolve().parents[2]
_STEPS = 150
# Single precision sums in another order on another device; Adam carries that on from step to step.
_TOLERANCE = 2e-3
_PAIRS, _CRITIC_STEPS = 5, 200


def run(device: str = "cuda") -> tuple[list[dict], bool]:
    """Runs all that can be run here and says what came of it.

    Returns:
        One row a measurement (name, ours, peer, ratio, met), and whether all went well.
    """
    place, rows, well = torch.device(device), [], True
    for title, step in (
        ("The tests marked gpu", _tests),
        (f"{_STEPS} steps of lesson 3's VAE", _training),
        ("The critic loop of WGAN-GP", _critic),
    ):
        print(title, flush=True)
        try:
            found = step(place)
        except ImportError as error:
            print(f"  skipped: {str(error.name).partition('.')[0]} is not installed here")
            continue
        well &= found is not None and all(row["met"] for row in found)
        rows += found or []
    return rows, well


def _row(name, ours, peer, ratio, met) -> dict:
    print(f"  {name}: {ours} against {peer}, ratio {ratio:.3g}" + ("" if met else "  <- does not agree"))
    return {"name": name, "ours": ours, "peer": peer, "ratio": round(float(ratio), 4), "met": met}


def _tests(place) -> list[dict] | None:
    """The tests that need a CUDA device; None when one failed."""
    import pytest  # noqa: F401

    files = [
        str(path)
        for path in sorted((_ROOT / "tests" / "unit").rglob("test_*.py"))
        if "mark.gpu" in path.read_text(encoding="utf-8")
    ]
    command = [sys.executable, "-m", "pytest", "-m", "gpu", "-p", "no:cacheprovider", "-q", *files]
    run = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True)
    said = run.stdout.strip().splitlines() or [run.stderr.strip()[-300:]]
    print("  " + said[-1])
    if run.returncode:
        print(run.stdout[-3000:] + run.stderr[-1000:])
    return [] if run.returncode == 0 else None


def _training(place) -> list[dict]:
    """A VAE of lesson 3 on the device and on the CPU: the same losses, and how many steps a second."""
    from course_lib.data import load_digits
    from course_lib.lessons.n03_vae.runs import build
    from course_lib.variational import elbo, fit_vae

    images, found = load_digits().train, {}
    for device in ("cpu", str(place)):
        os.environ["COURSE_DEVICE"] = device
        losses = []

        def loss(vae, x, generator, losses=losses):
            value = -elbo(vae, x, generator=generator).value.mean()
            losses.append(value.detach())
            return value

        fit_vae(build(seed=0), images, 20, progress=False)  # kernels are loaded at the first steps
        start = time.perf_counter()
        fit_vae(build(seed=0), images, _STEPS, loss=loss, progress=False)
        if place.type == "cuda":
            torch.cuda.synchronize()
        found[device] = torch.stack(losses).cpu(), _STEPS / (time.perf_counter() - start)
    (here, rate), (there, fast) = found["cpu"], found[str(place)]
    apart = float(((here - there).abs() / here.abs().clamp(min=1)).max())
    ends = (f"{float(there[-1]):.3f}", f"{float(here[-1]):.3f}")
    return [
        _row(
            "loss at the last step, against the CPU's", *ends, float(there[-1] / here[-1]), apart < _TOLERANCE
        ),
        _row("steps a second, against the CPU's", round(fast), round(rate), fast / rate, True),
    ]


def _critic(place) -> list[dict]:
    """The critic's step recorded as a CUDA graph: the gradients of the CPU, and its speed against the common loop."""
    from course_lib.networks import mlp
    from tests.benchmarks.bench_wgan import measured
    from tests.benchmarks.critic_loop import critic_gradients

    critic, random = mlp((2, 128, 128, 128, 1), "leaky_relu", seed=1), torch.Generator().manual_seed(0)
    real, fake = (torch.randn(256, 2, generator=random) for _ in range(2))
    points = real, fake + 1, torch.rand(256, 1, generator=random)
    _, here = critic_gradients(critic, *points)
    critic = critic.to(place)
    _, there = critic_gradients(critic, *(one.to(place) for one in points))
    size = max(float(one.abs().max()) for one in here)
    apart = max(float((a - b.cpu()).abs().max()) for a, b in zip(here, there, strict=True)) / size
    found = measured(place.type, _PAIRS, _CRITIC_STEPS)
    return [
        _row("largest gradient's error, against 1", f"{apart:.1e}", "1", apart, apart < _TOLERANCE),
        _row(
            "critic steps a second, against the common loop",
            found["ours"],
            found["peer"],
            found["ratio"],
            True,
        ),
    ]
