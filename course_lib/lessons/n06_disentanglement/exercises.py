"""Exercises of notebook 06: scores of codes, the linear beta-VAE, DIP-VAE's penalty, the map that entangles."""

import math

import torch

from course_lib.exercises.exercise import Case, Exercise, Mistake, Reject
from course_lib.lessons.n06_disentanglement.factor_families import FAMILIES, normal_density


def normal(rng, *shape):
    return torch.from_numpy(rng.normal(size=shape))


def number_probe(answer, *args):
    """One number is asked for; a table of them would be compared entry by entry otherwise."""
    value = answer(*args)
    if torch.is_tensor(value) and value.numel() != 1:
        raise Reject(f"The answer has shape {tuple(value.shape)}; one number is asked for.")
    return value.reshape(()) if torch.is_tensor(value) else value


# The mutual information gap


def mutual_information_gap(information, entropy):
    best = information.topk(2, dim=0).values
    return ((best[0] - best[1]) / entropy).mean()


def tables(rng):
    """Information (d, k) that no factor's entropy is below, and the entropies."""
    for d, k in ((2, 2), (3, 3), (5, 4), (6, 2)):
        entropy = torch.from_numpy(rng.uniform(0.6, 2.1, size=k))
        yield torch.from_numpy(rng.uniform(0, 1, size=(d, k))) * entropy, entropy


def gap_cases(rng):
    two = math.log(2) * torch.ones(2, dtype=torch.float64)
    yield Case((torch.diag(two), two), "one latent for each of two fair coins")
    yield Case((torch.cat([torch.diag(two)] * 2), two), "every latent twice")
    yield Case((torch.zeros(3, 2, dtype=torch.float64), two), "codes that say nothing")
    for table in tables(rng):
        yield Case(table)


def gap_over(information, entropy, dim=0):
    best = information.topk(2, dim=dim).values
    return best.select(dim, 0) - best.select(dim, 1)


GAP = Exercise(
    id="06.mig",
    title="The mutual information gap",
    reference=mutual_information_gap,
    cases=gap_cases,
    probe=number_probe,
    keeps=True,
    mistakes=(
        Mistake(
            lambda i, h: gap_over(i, h).mean(),
            "The gaps are in nats: divide each by the entropy of its factor before taking the mean.",
        ),
        Mistake(
            lambda i, h: gap_over(i, h).mean() / h.mean(),
            "Divide each gap by the entropy of its own factor, and take the mean afterwards.",
        ),
        Mistake(
            lambda i, h: (gap_over(i, h, 1) / h[i.argmax(1)]).mean(),
            "The gap is taken along the wrong axis: for each factor (column) compare the latents (rows).",
        ),
        Mistake(
            lambda i, h: gap_over(i, h, 1).mean(),
            "The gap is taken along the wrong axis: for each factor (column) compare the latents (rows).",
        ),
        Mistake(
            lambda i, h: (gap_over(i, h) / h).sum(),
            "This is the sum over the factors; their mean is asked for.",
        ),
        Mistake(
            lambda i, h: (i.amax(0) / h).mean(),
            "This is only the best latent's share: subtract that of the second best.",
        ),
        Mistake(
            lambda i, h: ((i.amax(0) - i.amin(0)) / h).mean(),
            "The best is compared with the worst; the gap is to the second best.",
        ),
        Mistake(
            lambda i, h: ((i.amax(0) - (i.sum(0) - i.amax(0)) / (len(i) - 1)) / h).mean(),
            "The best is compared with the mean of the others; the gap is to the second best.",
        ),
    ),
    hints=(
        "For each factor you need the two largest entries of its column.",
        "`information.topk(2, dim=0).values` has two rows: the best and the second best of each column.",
        "`((best[0] - best[1]) / entropy).mean()`",
    ),
    minutes=6,
)


# Modularity


def modular(information):
    squared = information**2
    best = squared.amax(1)
    spread = (squared.sum(1) - best) / (best.clamp(min=1e-300) * (squared.shape[1] - 1))
    return torch.where(best > 0, 1 - spread, 0.0).mean()


def modular_cases(rng):
    yield Case((torch.eye(2, dtype=torch.float64),), "one latent for each factor")
    yield Case((torch.tensor([[0.7, 0.7, 0.7]], dtype=torch.float64),), "a latent that tells of all alike")
    yield Case((torch.tensor([[0.9, 0.0], [0.0, 0.0]], dtype=torch.float64),), "a latent that says nothing")
    for information, _ in tables(rng):
        yield Case((information,))


def modular_with(information, power=2, count=None, best=None):
    powered = information**power
    top = powered.amax(1)
    total = (powered.sum(1) - top) / (
        top.clamp(min=1e-300) * ((information.shape[1] - 1) if count is None else count)
    )
    return torch.where(top > 0, 1 - total, 0.0)


def modular_raw(squared, spread):
    return (1 - spread / (squared.amax(1) * (squared.shape[1] - 1))).mean()


MODULARITY = Exercise(
    id="06.modularity",
    title="Modularity",
    reference=modular,
    cases=modular_cases,
    probe=number_probe,
    keeps=True,
    mistakes=(
        Mistake(
            lambda i: modular_with(i, power=1).mean(),
            "The informations enter as squares, in the numerator and in the denominator.",
        ),
        Mistake(
            lambda i: modular_with(i, count=i.shape[1]).mean(),
            "Besides the best there are K - 1 factors: divide by K - 1, not by K.",
        ),
        Mistake(
            lambda i: modular_with(i, count=1).mean(),
            "The sum over the other factors is to be divided by their number, K - 1.",
        ),
        Mistake(
            lambda i: modular_with(i.T).mean(),
            "Rows are latents: for each latent look for the factor that it tells most of, along the other axis.",
        ),
        Mistake(
            lambda i: (modular_with(i) + (i.amax(1) == 0)).mean(),
            "A latent that tells nothing counts 0, not 1.",
        ),
        Mistake(
            lambda i: 1 - modular_with(i).mean(),
            "This is what spreads over the other factors; modularity is one minus that.",
        ),
        Mistake(
            lambda i: modular_raw(i**2, (i**2).sum(1)),
            "A latent that tells nothing makes 0/0 here, and the best factor is still in the sum.",
        ),
        Mistake(
            lambda i: modular_raw(i**2, (i**2).sum(1) - (i**2).amax(1)),
            "A latent that tells nothing makes 0/0: let it count 0.",
        ),
    ),
    hints=(
        "For each row: the largest square, and the sum of the other squares.",
        "The rest of a row is `squared.sum(1) - best`; divide it by `best * (K - 1)` and subtract from 1.",
        "For rows of zeros `torch.where(best > 0, ..., 0.0)` avoids 0/0 if you divide by `best.clamp(min=1e-300)`.",
    ),
    minutes=8,
    difficulty=2,
)


# The vote of the FactorVAE score


def factor_vote(batch, everything):
    spread = everything.var(0)
    ratio = torch.where(spread > 0, batch.var(0) / spread.clamp(min=1e-300), math.inf)
    return int(ratio.argmin())


def vote_cases(rng):
    yield Case(
        (
            torch.tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 3.0]], dtype=torch.float64),
            torch.tensor([[0.0, 0.0], [1.0, 1.0], [2.0, 3.0]], dtype=torch.float64),
        ),
        "latent 0 stands still",
    )
    scale = torch.tensor([100.0, 1.0, 0.01], dtype=torch.float64)
    for fixed in (0, 2, 1):
        everything = normal(rng, 60, 3)
        batch = normal(rng, 20, 3)
        batch[:, fixed] = 0.3 * batch[:, fixed] + 1
        yield Case((batch * scale, everything * scale), "latents of very different scale")
    for fixed in (1, 2, 3):
        everything, batch = normal(rng, 60, 4), normal(rng, 20, 4)
        batch[:, fixed] = 0.2 * batch[:, fixed] + 2
        everything[:, 0] = batch[:, 0] = 0.5
        yield Case((batch, everything), "latent 0 never moves")


VOTE = Exercise(
    id="06.factor_vote",
    title="Which latent stood still?",
    reference=factor_vote,
    cases=vote_cases,
    mistakes=(
        Mistake(
            lambda b, e: int(b.var(0).argmin()),
            "Divide the variance in the batch by the latent's variance over all codes: latents have different scales.",
        ),
        Mistake(
            lambda b, e: int(torch.where(e.var(0) > 0, b.var(0) / e.var(0).clamp(min=1e-300), -1.0).argmax()),
            "This is the latent that varies most; the fixed factor leaves its own latent still.",
        ),
        Mistake(
            lambda b, e: int(torch.where(e.var(0) > 0, b.var(0) / e.var(0).clamp(min=1e-300), 0.0).argmin()),
            "A latent that never moves has 0/0 here and must not win: leave it out.",
        ),
        Mistake(
            lambda b, e: int(
                torch.where(e.var(0) > 0, b.mean(0).abs() / e.std(0).clamp(min=1e-300), math.inf).argmin()
            ),
            "This looks at the mean of the batch; what stands still is told by its variance.",
        ),
    ),
    hints=(
        "A latent that stands still has little variance inside the batch, compared with its variance over all codes.",
        "`batch.var(0) / everything.var(0)`, and the place of the smallest.",
        "Give a latent with `everything.var(0) == 0` the ratio `math.inf` (`torch.where`), then `int(ratio.argmin())`.",
    ),
    minutes=8,
    difficulty=2,
)


# DCI disentanglement


def disentanglement(importance):
    shares = importance.sum(1)
    each = importance / torch.where(shares > 0, shares, 1.0)[:, None]
    pure = 1 - torch.special.entr(each).sum(1) / math.log(importance.shape[1])
    return (shares * pure).sum() / shares.sum()


def importance_cases(rng):
    yield Case((torch.eye(3, dtype=torch.float64),), "one latent for each factor")
    yield Case(
        (torch.tensor([[1.0, 0.0], [1.0, 1.0]], dtype=torch.float64),), "a pure latent and a mixed one"
    )
    yield Case((torch.tensor([[2.0, 1.0], [0.0, 0.0]], dtype=torch.float64),), "a latent of no importance")
    for d, k in ((3, 3), (5, 4), (2, 3)):
        yield Case((torch.from_numpy(rng.dirichlet(0.5 * torch.ones(d).numpy(), size=k).T.copy()),))


def dci_with(importance, base=None, weighted=True, columns=False):
    table = importance.T if columns else importance
    shares = table.sum(1)
    each = table / torch.where(shares > 0, shares, 1.0)[:, None]
    pure = 1 - torch.special.entr(each).sum(1) / math.log(table.shape[1] if base is None else base)
    return (shares * pure).sum() / shares.sum() if weighted else pure.mean()


def dci_rows(importance):
    shares = importance.sum(1)
    each = importance / torch.where(shares > 0, shares, 1.0)[:, None]
    return 1 - torch.special.entr(each).sum(1) / math.log(importance.shape[1])


def dci_raw(importance, entropy):
    each = importance / importance.sum(1, keepdim=True)
    pure = 1 - entropy(each).sum(1) / math.log(importance.shape[1])
    return (importance.sum(1) * pure).sum() / importance.sum()


DCI = Exercise(
    id="06.disentanglement",
    title="DCI disentanglement from a table of importances",
    reference=disentanglement,
    cases=importance_cases,
    probe=number_probe,
    keeps=True,
    mistakes=(
        Mistake(
            lambda r: dci_with(r, base=math.e),
            "The entropy is in nats: divide it by log K, so that a latent that serves all K factors alike counts 0.",
        ),
        Mistake(
            lambda r: dci_with(r, base=2),
            "The entropy is in bits: with the base K a latent that serves all K factors alike counts 0.",
        ),
        Mistake(
            lambda r: dci_with(r, base=max(len(r), 2)),
            "The base of the logarithm is the number of factors (columns), not of latents.",
        ),
        Mistake(
            lambda r: dci_with(r, weighted=False),
            "Each latent counts alike here; weigh it with its share of all importance, so that idle ones drop out.",
        ),
        Mistake(
            lambda r: dci_with(r, columns=True),
            "This asks for each factor how many latents serve it (completeness): normalise the rows, not the columns.",
        ),
        Mistake(
            lambda r: 1 - dci_with(r),
            "This is the mean entropy, which is large for mixed latents: take one minus it.",
        ),
        Mistake(
            lambda r: (r * dci_rows(r)[:, None]).sum(),
            "The weights do not sum to 1: divide by the sum of the whole table.",
        ),
        Mistake(
            lambda r: dci_raw(r, torch.special.entr),
            "A latent of no importance makes 0/0: its row has nothing to normalise, and its weight is 0.",
        ),
        Mistake(
            lambda r: dci_raw(r, lambda p: -p * p.log()),
            "0 · log 0 must be 0 (torch.special.entr), and a latent of no importance makes 0/0: guard that division.",
        ),
    ),
    hints=(
        "First turn each row into probabilities; a row of zeros may stay as it is.",
        "`torch.special.entr(p)` is -p log p with 0 for p = 0; the entropy divided by log K lies between 0 and 1.",
        "The weights are `importance.sum(1) / importance.sum()`; sum weight · (1 - entropy / log K).",
    ),
    minutes=15,
    difficulty=2,
)


# The linear beta-VAE


def linear_beta_vae(eigenvalues, sigma, beta):
    level = beta * sigma**2
    kept = torch.clamp(eigenvalues, max=level)
    price = 0.5 * torch.log(torch.clamp(eigenvalues / level, min=1.0))
    return kept, price


def water_cases(rng):
    yield Case((torch.tensor([4.0, 1.0, 0.25], dtype=torch.float64), 0.5, 1.0), "beta = 1")
    yield Case((torch.tensor([4.0, 1.0, 0.25], dtype=torch.float64), 1.0, 100.0), "a beta that silences all")
    yield Case((torch.tensor([2.0, 0.0], dtype=torch.float64), 0.5, 2.0), "a direction without variance")
    for beta in (0.5, 2.0, 4.0):
        eigenvalues = torch.from_numpy(rng.exponential(2.0, size=5)).sort(descending=True).values
        yield Case((eigenvalues, float(rng.uniform(0.4, 0.9)), beta))


def water_with(eigenvalues, level, half=0.5):
    return (
        torch.clamp(eigenvalues, max=level),
        half * torch.log(torch.clamp(eigenvalues / level, min=1.0)),
    )


WATER = Exercise(
    id="06.linear_beta_vae",
    title="What the linear beta-VAE keeps",
    reference=linear_beta_vae,
    cases=water_cases,
    keeps=True,
    mistakes=(
        Mistake(
            lambda e, s, b: water_with(e, s**2),
            "This is the plain VAE, whatever beta is: beta multiplies the decoder's variance.",
        ),
        Mistake(
            lambda e, s, b: water_with(e, b * s),
            "The level is beta times the variance σ², not times σ.",
        ),
        Mistake(
            lambda e, s, b: water_with(e, s**2 / b),
            "The level rises with beta: a dearer nat is bought less often. Multiply by beta.",
        ),
        Mistake(
            lambda e, s, b: water_with(e, (b * s) ** 2),
            "The level is beta times σ², not beta² times σ².",
        ),
        Mistake(
            lambda e, s, b: water_with(e, b * s**2, 1.0),
            "The price of a latent is half the logarithm: ½ log(λ / (β σ²)).",
        ),
        Mistake(
            lambda e, s, b: (
                torch.full_like(e, b * s**2),
                0.5 * torch.log(torch.clamp(e / (b * s**2), min=1.0)),
            ),
            "A direction below the level is left out and loses its own variance, which is less than the level.",
        ),
        Mistake(
            lambda e, s, b: (torch.clamp(e, max=b * s**2), 0.5 * torch.log(e / (b * s**2))),
            "Below the level a price comes out negative: such a latent stays silent and costs 0.",
        ),
        Mistake(
            lambda e, s, b: (torch.clamp(e - b * s**2, min=0.0), water_with(e, b * s**2)[1]),
            "The first of the two is what is lost, not what is kept.",
        ),
        Mistake(
            lambda e, s, b: (water_with(e, b * s**2)[0], b * water_with(e, b * s**2)[1]),
            "The KL itself is asked for, without its weight beta.",
        ),
        Mistake(
            lambda e, s, b: water_with(e, b * s**2)[::-1],
            "The two are returned in the wrong order: first what is lost, then the KL.",
        ),
    ),
    hints=(
        "Set the derivative of -λ v/(2σ²) + β/2 · log v with respect to v to zero, and remember that v is at most 1.",
        "v = β σ²/λ where that is below 1, else 1. What is lost is λ v, and the KL is -½ log v.",
        "With `level = beta * sigma**2`: `torch.clamp(eigenvalues, max=level)` and "
        "`0.5 * torch.log(torch.clamp(eigenvalues / level, min=1.0))`.",
    ),
    minutes=12,
    difficulty=2,
)


# The penalty of DIP-VAE


def dip_penalty(mean, logvar, off, diagonal):
    centred = mean - mean.mean(0)
    cov = centred.T @ centred / len(mean) + torch.diag(logvar.exp().mean(0))
    own = cov.diagonal()
    return off * ((cov**2).sum() - (own**2).sum()) + diagonal * ((own - 1) ** 2).sum()


def dip_cases(rng):
    yield Case((torch.zeros(3, 2).double(), torch.zeros(3, 2).double(), 1.0, 1.0), "every code is the prior")
    yield Case(
        (
            torch.tensor([[1.0, 1.0], [-1.0, -1.0]]).double(),
            torch.full((2, 2), -20.0).double(),
            1.0,
            0.0,
        ),
        "two latents that say the same",
    )
    for n, d in ((4, 2), (7, 3), (12, 6)):
        yield Case(
            (normal(rng, n, d) + 0.5, normal(rng, n, d) / 2 - 1, *rng.uniform(0.5, 5, size=2).tolist())
        )


def dip_of(cov, off, diagonal):
    own = cov.diagonal()
    return off * ((cov**2).sum() - (own**2).sum()) + diagonal * ((own - 1) ** 2).sum()


def covariance(mean, logvar=None, *, ddof=0, centre=True, log_scale=1.0):
    centred = mean - mean.mean(0) if centre else mean
    cov = centred.T @ centred / (len(mean) - ddof)
    return cov if logvar is None else cov + torch.diag((log_scale * logvar).exp().mean(0))


DIP = Exercise(
    id="06.dip_penalty",
    title="The penalty of DIP-VAE",
    reference=dip_penalty,
    cases=dip_cases,
    probe=number_probe,
    gradient=("mean", "logvar"),
    keeps=True,
    mistakes=(
        Mistake(
            lambda m, s, a, b: dip_of(covariance(m), a, b),
            "This is the covariance of the means only (DIP-VAE-I); q_agg also has the mean variances.",
        ),
        Mistake(
            lambda m, s, a, b: dip_of(covariance(m, s), a / 2, b),
            "Each pair counts once here; the sum over i ≠ j has it twice, as (i, j) and as (j, i).",
        ),
        Mistake(
            lambda m, s, a, b: dip_of(covariance(m, s, ddof=1), a, b),
            "q_agg is the average over exactly these n codes: divide by n, not by n - 1.",
        ),
        Mistake(
            lambda m, s, a, b: dip_of(covariance(m, s, log_scale=0.5), a, b),
            "exp(logvar / 2) is a standard deviation; variances add: exp(logvar).",
        ),
        Mistake(
            lambda m, s, a, b: dip_of(covariance(m, s, centre=False), a, b),
            "The mean of the means is not subtracted: a covariance is about the mean.",
        ),
        Mistake(
            lambda m, s, a, b: dip_of(covariance(m, s), b, a),
            "The two weights have changed places: `off` belongs to i ≠ j, `diagonal` to (C_ii - 1)².",
        ),
        Mistake(
            lambda m, s, a, b: (
                a * (covariance(m, s) ** 2).sum() + b * ((covariance(m, s).diagonal() - 1) ** 2).sum()
            ),
            "The first sum runs over i ≠ j: take the squares of the diagonal out of it.",
        ),
        Mistake(
            lambda m, s, a, b: (
                dip_of(covariance(m, s), a, 0.0) + b * (covariance(m, s).diagonal() ** 2).sum()
            ),
            "On the diagonal the distance to 1 counts: (C_ii - 1)².",
        ),
        Mistake(
            lambda m, s, a, b: (
                dip_of(covariance(m, s), 0.0, b)
                + a * (covariance(m, s).abs().sum() - covariance(m, s).diagonal().sum())
            ),
            "The entries off the diagonal enter as squares, not as absolute values.",
        ),
        Mistake(
            lambda m, s, a, b: dip_of(covariance(m, s.detach()), a, b),
            "No gradient reaches `logvar`: the training below would not see what the variances do to the penalty.",
        ),
        Mistake(
            lambda m, s, a, b: -dip_of(covariance(m, s), a, b),
            "The sign is turned round: a penalty is added to what is minimised, so it must not be negative.",
        ),
    ),
    hints=(
        "The covariance of a mixture is the covariance of the means plus the mean of the covariances.",
        "`centred.T @ centred / n + torch.diag(logvar.exp().mean(0))` is C; `C.diagonal()` its diagonal.",
        "The sum over i ≠ j is `(C**2).sum() - (C.diagonal()**2).sum()`.",
    ),
    minutes=12,
    difficulty=2,
)


# The map that entangles


def entangle(u, cdf, quantile, matrix):
    gaussian = torch.special.ndtri(cdf(u))
    return quantile(torch.special.ndtr(gaussian @ matrix.T))


def rotation(angle):
    c, s = math.cos(angle), math.sin(angle)
    return torch.tensor([[c, -s], [s, c]], dtype=torch.float64)


def entangle_cases(rng):
    yield Case(
        (torch.full((1, 2), 0.5).double(), *FAMILIES["uniform"][:2], rotation(math.pi / 4)),
        "the centre of a square",
    )
    for name, (cdf, quantile, _) in FAMILIES.items():
        points = quantile(torch.from_numpy(rng.uniform(0.05, 0.95, size=(5, 2))))
        yield Case((points, cdf, quantile, rotation(float(rng.uniform(0.3, 1.2)))), f"{name}, two factors")
    three = torch.linalg.qr(normal(rng, 3, 3))[0]
    points = FAMILIES["exponential"].quantile(torch.from_numpy(rng.uniform(0.05, 0.95, size=(4, 3))))
    yield Case((points, *FAMILIES["exponential"][:2], three), "exponential, three factors")


ENTANGLE = Exercise(
    id="06.entangle",
    title="The map that entangles",
    reference=entangle,
    cases=entangle_cases,
    keeps=("u", "matrix"),
    mistakes=(
        Mistake(
            lambda u, g, q, a: q(torch.special.ndtr(torch.special.ndtri(g(u)) @ a)),
            "The rows of u are points, so A times a point is `row @ A.T`; this multiplies by the transpose of A.",
        ),
        Mistake(
            lambda u, g, q, a: u @ a.T, "This rotates u itself: only a Gaussian keeps its distribution then."
        ),
        Mistake(
            lambda u, g, q, a: torch.special.ndtr(torch.special.ndtri(g(u)) @ a.T),
            "The last step is missing: these coordinates are uniform; the quantile function brings them back.",
        ),
        Mistake(
            lambda u, g, q, a: torch.special.ndtri(g(u)) @ a.T,
            "These coordinates are Gaussian: go back through ndtr and the quantile function.",
        ),
        Mistake(
            lambda u, g, q, a: q((g(u) @ a.T).clamp(1e-6, 1 - 1e-6)),
            "The rotation acts on uniform coordinates here and leaves the square: make them Gaussian first.",
        ),
        Mistake(
            lambda u, g, q, a: q(torch.special.ndtr(torch.special.ndtri(g(u)))),
            "The matrix is missing: this is the identity.",
        ),
        Mistake(
            lambda u, g, q, a: q(torch.special.ndtr(torch.special.ndtri(u.clamp(1e-6, 1 - 1e-6)) @ a.T)),
            "The first step is missing: u is uniform only after its own distribution function.",
        ),
    ),
    rtol=2e-4,
    single=(2e-3, 2e-3),
    tolerance_reason="quantile functions stretch the rounding of float32 near 1 a hundredfold",
    hints=(
        "There and back: factor -> uniform -> Gaussian, rotate, Gaussian -> uniform -> factor.",
        "`cdf` makes u uniform; `torch.special.ndtri` makes that Gaussian and `torch.special.ndtr` uniform again.",
        "`quantile(torch.special.ndtr(torch.special.ndtri(cdf(u)) @ matrix.T))`",
    ),
    minutes=10,
    difficulty=2,
)


# Its Jacobian


def entangle_jacobian(u, cdf, quantile, density, matrix):
    x = torch.special.ndtri(cdf(u))
    y = x @ matrix.T
    f = quantile(torch.special.ndtr(y))
    outer = normal_density(y) / density(f)
    inner = density(u) / normal_density(x)
    return outer[..., :, None] * matrix * inner[..., None, :]


def jacobian_cases(rng):
    for name, family in FAMILIES.items():
        points = family.quantile(torch.from_numpy(rng.uniform(0.1, 0.9, size=(3, 2))))
        yield Case((points, *family, rotation(float(rng.uniform(0.3, 1.2)))), name)
    family = FAMILIES["exponential"]
    points = family.quantile(torch.from_numpy(rng.uniform(0.1, 0.9, size=(2, 3))))
    yield Case((points, *family, torch.linalg.qr(normal(rng, 3, 3))[0]), "three factors")


def jacobian_with(
    u, cdf, quantile, density, matrix, *, outer=True, inner=True, upside=False, transposed=False
):
    x = torch.special.ndtri(cdf(u))
    y = x @ matrix.T
    f = quantile(torch.special.ndtr(y))
    first, last = normal_density(y) / density(f), density(u) / normal_density(x)
    if upside:
        first, last = 1 / first, 1 / last
    table = (first if outer else torch.ones_like(first))[..., :, None] * matrix
    table = table * (last if inner else torch.ones_like(last))[..., None, :]
    return table.mT if transposed else table


def same_point(u, cdf, quantile, density, matrix):
    x = torch.special.ndtri(cdf(u))
    ratio = density(u) / normal_density(x)
    return (1 / ratio)[..., :, None] * matrix * ratio[..., None, :]


JACOBIAN = Exercise(
    id="06.entangle_jacobian",
    title="Every partial derivative of the map that entangles",
    reference=entangle_jacobian,
    cases=jacobian_cases,
    keeps=("u", "matrix"),
    mistakes=(
        Mistake(
            lambda *a: jacobian_with(*a, outer=False),
            "The way back is missing: f_i = quantile(Φ(y_i)) has the derivative φ(y_i) / p(f_i) with respect to y_i.",
        ),
        Mistake(
            lambda *a: jacobian_with(*a, inner=False),
            "The way there is missing: x_j = Φ⁻¹(g(u_j)) has the derivative p(u_j) / φ(x_j) with respect to u_j.",
        ),
        Mistake(
            lambda *a: jacobian_with(*a, outer=False, inner=False),
            "This is A, the derivative of the rotation alone: the steps before and after it stretch too.",
        ),
        Mistake(
            lambda *a: jacobian_with(*a, upside=True),
            "Both stretches are upside down: the derivative of an inverse function is one over that of the function.",
        ),
        Mistake(
            lambda *a: jacobian_with(*a, transposed=True),
            "This is the transpose: entry (i, j) is the derivative of f_i with respect to u_j.",
        ),
        Mistake(
            same_point,
            "The way back is evaluated at u; it belongs to the place where f arrives: φ(y_i) / p(f_i).",
        ),
    ),
    rtol=1e-3,
    atol=1e-5,
    single=(5e-3, 5e-3),
    tolerance_reason="difference quotients are accepted, whose error is a ten-thousandth here",
    hints=(
        "Chain rule: f is three maps in a row, and the first and the last act on each coordinate alone.",
        "x_j = Φ⁻¹(g(u_j)): differentiate Φ(x_j) = g(u_j) on both sides. In the same way g(f_i) = Φ(y_i).",
        "With `x`, `y = x @ matrix.T` and `f`: entry (i, j) is φ(y_i)/p(f_i) · A_ij · p(u_j)/φ(x_j); "
        "`outer[..., :, None] * matrix * inner[..., None, :]`.",
    ),
    minutes=25,
    difficulty=3,
)


# What explains the scores?


def explained(scores):
    between = ((scores.mean(1) - scores.mean()) ** 2).sum() * scores.shape[1]
    return between / ((scores - scores.mean()) ** 2).sum()


def explained_cases(rng):
    yield Case((torch.tensor([[1.0, 1.0], [3.0, 3.0]]).double(),), "seeds make no difference")
    yield Case((torch.tensor([[1.0, 3.0], [1.0, 3.0]]).double(),), "settings make no difference")
    for settings, seeds in ((3, 5), (11, 5), (4, 4)):
        yield Case((normal(rng, settings, 1) + normal(rng, settings, seeds),))


EXPLAINED = Exercise(
    id="06.explained",
    title="The share of the variance that the setting explains",
    reference=explained,
    cases=explained_cases,
    probe=number_probe,
    keeps=True,
    mistakes=(
        Mistake(
            lambda s: explained(s.T),
            "This is what the seed's number explains: rows are settings, so take the mean of each row.",
        ),
        Mistake(
            lambda s: 1 - explained(s),
            "This is the share left within the settings, that of the seeds: take one minus it.",
        ),
        Mistake(
            lambda s: s.mean(1).var() / s.var(),
            "Both variances divide by their number minus one, which differs for the two: divide by the numbers "
            "themselves (correction=0).",
        ),
        Mistake(
            lambda s: explained(s).sqrt(),
            "This is a square root too much: shares of a variance are asked for, not of a standard deviation.",
        ),
        Mistake(
            lambda s: explained(s) / s.shape[1],
            "Each setting's mean stands for all its seeds: the squares between settings count that many times.",
        ),
        Mistake(
            lambda s: s.var(1, correction=0).mean() / s.mean(1).var(correction=0),
            "This compares the part within the settings with the part between them; divide the part between them by "
            "the whole.",
        ),
    ),
    hints=(
        "The total is the variance of all scores; the explained part is the variance of the row means.",
        "`scores.mean(1)` are the row means; with `correction=0` the two variances are comparable.",
        "`scores.mean(1).var(correction=0) / scores.var(correction=0)`",
    ),
    minutes=6,
)
