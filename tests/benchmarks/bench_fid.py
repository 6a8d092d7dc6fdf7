"""FID beside the formulas of the two common libraries: time, and error against a case known in closed form.

The second set of features is X T with T symmetric positive definite. Then the covariance term of the distance is
|Xc (T - I)|^2 / (n - 1) at any rank. The peers' formulas are written out: a matrix square root (pytorch-fid) and the
eigenvalues of the product of the covariances (torchmetrics). The time of the two covariances alone stands beside them:
with few features it is most of everybody's time, and no way from features to the distance can be much quicker.
"""

import time
import warnings

import numpy as np
import torch
from scipy import linalg

from course_lib.evaluation import fid

__all__ = ["run"]

#: (d, n) -> how many times faster than (pytorch-fid, torchmetrics) it has to be; None where nothing is asked.
CASES = {
    (64, 500): (4, None),
    (64, 2048): (4, None),
    (64, 5000): (4, None),
    (2048, 500): (40, 40),
    (2048, 2048): (4, None),
    (2048, 5000): (4, None),
}
#: Error allowed, as a share of the trace of both covariances: rounding of sums of d terms in float64.
ALLOWED = 1e-12


def run(say=print) -> list[dict]:
    """Measures; one row a size: times in seconds, ratios to both peers, and the relative errors of all three."""
    rows = []
    for (d, n), wanted in CASES.items():
        x, y, exact, trace = _case(n, d)
        seconds, errors = {}, {}
        for name, formula in (("ours", fid), ("pytorch-fid", _matrix_root), ("torchmetrics", _eigenvalues)):
            value, seconds[name] = _timed(formula, x, y)
            errors[name] = abs(value - exact) / trace
        _, floor = _timed(lambda x, y: (x.mT @ x)[0, 0] + (y.mT @ y)[0, 0], x, y)
        ratios = [seconds[peer] / seconds["ours"] for peer in ("pytorch-fid", "torchmetrics")]
        met = errors["ours"] <= ALLOWED and all(
            want is None or ratio >= want for want, ratio in zip(wanted, ratios, strict=True)
        )
        rows.append(
            {
                "name": f"d = {d}, n = {n}",
                **{f"{name}, s": seconds[name] for name in seconds},
                "covariances alone, s": floor,
                "faster than pytorch-fid": ratios[0],
                "faster than torchmetrics": ratios[1],
                **{f"error, {name}": f"{errors[name]:.0e}" for name in errors},
                "target": f"{wanted[0]}x, {wanted[1] or '-'}x",
                "met": met,
            }
        )
        say(rows[-1])
    return rows


def _timed(formula, x, y) -> tuple[float, float]:
    """The value, and the quickest of several runs in seconds."""
    times = []
    for _ in range(20 if x.shape[1] == 64 else 1):
        started = time.perf_counter()
        value = float(formula(x, y))
        times.append(time.perf_counter() - started)
    return value, min(times)


def _case(n, d):
    """Features X and X T, their exact distance, and the trace of both covariances."""
    generator = torch.Generator().manual_seed(n + d)
    x = torch.randn(n, d, generator=generator, dtype=torch.float64)
    q = torch.linalg.qr(torch.randn(d, d, generator=generator, dtype=torch.float64)).Q
    t = (q * (0.5 + 1.5 * torch.rand(d, generator=generator, dtype=torch.float64))) @ q.mT
    centred, y = x - x.mean(0), x @ t
    spread = ((centred @ t - centred) ** 2).sum() / (n - 1)
    exact = spread + ((y.mean(0) - x.mean(0)) ** 2).sum()
    return x, y, float(exact), float(x.var(0).sum() + y.var(0).sum())


def _matrix_root(x, y):
    x, y = x.numpy(), y.numpy()
    shift, covs = x.mean(0) - y.mean(0), (np.cov(x, rowvar=False), np.cov(y, rowvar=False))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # singular products are part of the comparison
        root = linalg.sqrtm(covs[0] @ covs[1])
        if not np.isfinite(root).all():
            offset = np.eye(len(covs[0])) * 1e-6
            root = linalg.sqrtm((covs[0] + offset) @ (covs[1] + offset))
    return shift @ shift + np.trace(covs[0]) + np.trace(covs[1]) - 2 * np.trace(np.real(root))


def _eigenvalues(x, y):
    covs = torch.cov(x.T), torch.cov(y.T)
    cross = torch.linalg.eigvals(covs[0] @ covs[1]).sqrt().real.sum()
    return ((x.mean(0) - y.mean(0)) ** 2).sum() + covs[0].trace() + covs[1].trace() - 2 * cross


if __name__ == "__main__":
    run()
