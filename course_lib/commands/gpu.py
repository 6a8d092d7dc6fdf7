"""``gpu``: what a person with a CUDA machine runs once, in under three minutes and without a network.

It needs torch, NumPy, SciPy and this repository; where something else is missing it says so and goes on. On a machine
without a GPU, ``gpu --device=cpu`` rehearses the same on the CPU.
"""

import os
import subprocess
import sys
import time

from course_lib.commands.environment import ROOT

__all__ = ["main"]

_STEPS = 150
# Single precision sums in another order on another device; Adam carries that on from step to step.
_TOLERANCE = 2e-3
_PAIRS, _CRITIC_STEPS = 5, 200


def main(argv: list[str]) -> int:
    """Says what was found and measured; 1 where a test failed or numbers disagree. ``--save`` keeps the table."""
    try:
        import torch
    except ImportError:
        print("torch is not installed here. Install it as pytorch.org describes, or run: make setup", file=sys.stderr)
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
    rows, failed = [], False
    for step in (_tests, _training, _critic):
        try:
            found = step(torch, place)
        except ImportError as error:
            print(f"  skipped: {error.name} is not installed here")
            continue
        rows += [row for row in found if row]
        failed |= any(row.get("met") is False for row in found)
    if "--save" in argv and rows:
        from tests.benchmarks.results import append_table

        append_table("The GPU, by the command gpu", rows, ROOT / "tests" / "benchmarks" / "RESULTS.md")
    print("Something failed: see above." if failed else "All that could be tried holds.")
    return int(failed)


def _described(torch, place) -> str:
    if place.type != "cuda":
        return f"A rehearsal on {place}"
    card = torch.cuda.get_device_properties(place)
    return f"{card.name}, {card.total_memory / 2**30:.0f} GiB, CUDA {torch.version.cuda}"


def _row(name, ours, peer, ratio, met) -> dict:
    print(f"  {name}: {ours} against {peer}, ratio {ratio:.3g}" + ("" if met else "  <- does not agree"))
    return {"name": name, "ours": ours, "peer": peer, "ratio": round(float(ratio), 4), "met": met}


def _tests(torch, place) -> list[dict]:
    """The tests that need a CUDA device."""
    print("The tests marked gpu")
    import pytest  # noqa: F401

    files = [
        str(path)
        for path in sorted((ROOT / "tests" / "unit").rglob("test_*.py"))
        if "mark.gpu" in path.read_text(encoding="utf-8")
    ]
    command = [sys.executable, "-m", "pytest", "-m", "gpu", "-p", "no:cacheprovider", "-q", *files]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    said = run.stdout.strip().splitlines() or [run.stderr.strip()[-300:]]
    print("  " + said[-1])
    if run.returncode:
        print(run.stdout[-3000:] + run.stderr[-1000:])
    return [] if run.returncode == 0 else [{"met": False}]


def _training(torch, place) -> list[dict]:
    """A VAE of lesson 3 on the device and on the CPU: the same losses, and how many steps a second."""
    print(f"{_STEPS} steps of lesson 3's VAE")
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
        _row("loss at the last step, against the CPU's", *ends, float(there[-1] / here[-1]), apart < _TOLERANCE),
        _row("steps a second, against the CPU's", round(fast), round(rate), fast / rate, True),
    ]


def _critic(torch, place) -> list[dict]:
    """The critic's step recorded as a CUDA graph: the gradients of the CPU, and its speed against the common loop."""
    print("The critic loop of WGAN-GP")
    from tests.benchmarks.bench_wgan import measured
    from tests.benchmarks.critic_loop import critic_gradients
    from tests.benchmarks.test_critic_loop import batch, critics

    critic = critics(torch.float32)["3 x 128, leaky ReLU"]
    points = batch(2, n=256, dtype=torch.float32)
    _, here = critic_gradients(critic, *points)
    critic = critic.to(place)
    _, there = critic_gradients(critic, *(one.to(place) for one in points))
    size = max(float(one.abs().max()) for one in here)
    apart = max(float((a - b.cpu()).abs().max()) for a, b in zip(here, there, strict=True)) / size
    found = measured(place.type, _PAIRS, _CRITIC_STEPS)
    return [
        _row("largest gradient's error, against 1", f"{apart:.1e}", "1", apart, apart < _TOLERANCE),
        _row("critic steps a second, against the common loop", found["ours"], found["peer"], found["ratio"], True),
    ]
