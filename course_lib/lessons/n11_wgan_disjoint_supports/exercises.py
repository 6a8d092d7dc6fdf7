"""Exercises of notebook 11: transport by hand, what the divergences say of two segments, and the critic of a WGAN."""

import warnings
from dataclasses import dataclass

import torch
from torch import nn

from course_lib.exercises.exercise import Case, Exercise, Mistake, Reject
from course_lib.exercises.steps import Watch, why_no_gradient


def _tensor(values):
    return torch.as_tensor(values, dtype=torch.float64)


def w1_sorted(x, y):
    return (torch.sort(x).values - torch.sort(y).values).abs().mean()


def _two_samples(rng):
    yield Case((_tensor([0.0, 4.0, 1.0]), _tensor([2.0, 1.0, 3.0])), "three points each, each moves by 1")
    for n in (4, 7):
        yield Case((_tensor(rng.normal(size=n)), _tensor(2 * rng.normal(size=n))), f"{n} random points each")


W1_SORTED = Exercise(
    id="11.w1_sorted",
    title="W1 on a line, by sorting",
    reference=w1_sorted,
    cases=_two_samples,
    mistakes=(
        Mistake(
            lambda x, y: (x - y).abs().mean(),
            "The points are paired as they stand: sort each sample by itself, then pair them in that order.",
        ),
        Mistake(
            lambda x, y: (x.mean() - y.mean()).abs(),
            "This compares the means only: take the absolute value of each difference, then the mean.",
        ),
        Mistake(
            lambda x, y: (x.sort().values - y.sort().values).square().mean(),
            "This is W2 squared: for W1 the distances are not squared.",
        ),
        Mistake(
            lambda x, y: (x.sort().values - y.sort().values).square().mean().sqrt(),
            "This is W2: for W1 the distances are not squared.",
        ),
        Mistake(
            lambda x, y: (x.sort().values - y.sort().values).abs().sum(),
            "This is a sum: each point carries the mass 1/n.",
        ),
        Mistake(
            lambda x, y: (x.sort().values - y.sort(descending=True).values).abs().mean(),
            "One sample is sorted downwards: this is the most costly plan.",
        ),
        Mistake(
            lambda x, y: (x[:, None] - y).abs().mean(),
            "This is the mean over all pairs: the cost of the independent plan, not of the best one.",
        ),
    ),
    hints=(
        "On a line the best plan never lets two paths cross: the smallest goes to the smallest, and so on.",
        "Sort both, subtract, take absolute values, then the mean.",
        "(torch.sort(x).values - torch.sort(y).values).abs().mean()",
    ),
    difficulty=1,
    minutes=4,
)


def plan_cost(plan, x, y):
    return (plan * torch.linalg.vector_norm(x[:, None] - y[None], dim=-1)).sum()


def _plans(rng):
    one = _tensor([[0.0, 0.0]])
    yield Case((_tensor([[1.0]]), one, _tensor([[3.0, 4.0]])), "all earth over a distance of 5")
    for n, m in ((3, 3), (2, 4)):
        plan = torch.outer(_tensor(rng.dirichlet([2.0] * n)), _tensor(rng.dirichlet([2.0] * m)))
        yield Case(
            (plan, _tensor(rng.normal(size=(n, 2))), _tensor(rng.normal(size=(m, 2)))),
            f"{n} piles to {m} holes",
        )


PLAN_COST = Exercise(
    id="11.plan_cost",
    title="What a transport plan costs",
    reference=plan_cost,
    cases=_plans,
    mistakes=(
        Mistake(
            lambda plan, x, y: (plan * (x[:, None] - y[None]).square().sum(-1)).sum(),
            "The distance is squared: for W1 the cost is the distance itself.",
        ),
        Mistake(
            lambda plan, x, y: (plan * (x[:, None] - y[None]).abs().sum(-1)).sum(),
            "This is the city-block distance |Δ₁| + |Δ₂|: take the Euclidean norm.",
        ),
        Mistake(
            lambda plan, x, y: (plan * torch.cdist(x, y)).mean(),
            "This is a mean over the cells of the plan: its entries are masses already, so they are summed.",
        ),
        Mistake(
            lambda plan, x, y: (plan * torch.linalg.vector_norm(x[:, None] - y[None])).sum(),
            "One norm is taken over everything: each pair has its own, over the last axis.",
        ),
        Mistake(
            lambda plan, x, y: torch.cdist(x, y).mean(),
            "The plan is not used: every distance is weighted by the mass that travels it.",
        ),
        Mistake(
            lambda plan, x, y: torch.linalg.vector_norm(plan.sum(1) @ x - plan.sum(0) @ y),
            "This is the distance between the centres of mass: distances must be taken pair by pair.",
        ),
    ),
    hints=(
        "The cost is E ‖x − y‖ when (x, y) follows the plan: a sum over all pairs (i, j).",
        "x[:, None] - y[None] has the shape (n, m, 2); take its norm over the last axis.",
        "(plan * torch.linalg.vector_norm(x[:, None] - y[None], dim=-1)).sum()",
    ),
    difficulty=1,
    minutes=5,
)


def theta_gradients(theta, bandwidth, overlap):
    mmd2 = 2 * overlap * theta / bandwidth**2 * torch.exp(-(theta**2) / (2 * bandwidth**2))
    zero = torch.zeros_like(theta)
    return torch.stack([zero, zero, torch.sign(theta), mmd2])


def _segments(rng):
    yield Case((_tensor(1.0), _tensor(1.0), _tensor(0.9)), "θ = 1")
    yield Case((_tensor(-0.5), _tensor(0.8), _tensor(0.85)), "θ = −0.5: the segment on the other side")
    yield Case((_tensor(2.0), _tensor(0.1), _tensor(0.24)), "far beyond the bandwidth, where MMD² is flat")
    theta, bandwidth, overlap = rng.uniform(0.2, 2), rng.uniform(0.3, 0.9), rng.uniform(0.5, 0.95)
    yield Case((_tensor(theta), _tensor(bandwidth), _tensor(overlap)), "numbers drawn at random")


def _with_entry(index, change):
    def answer(theta, bandwidth, overlap):
        out = theta_gradients(theta, bandwidth, overlap).clone()
        out[index] = change(theta, bandwidth, overlap, out[index])
        return out

    return answer


THETA_GRADIENTS = Exercise(
    id="11.theta_gradients",
    title="Four slopes in θ, above all that of an MMD",
    reference=theta_gradients,
    cases=_segments,
    mistakes=(
        Mistake(
            _with_entry(2, lambda t, b, a, old: torch.ones_like(t)),
            "W = |θ|, not θ: on the left its derivative is −1.",
        ),
        Mistake(
            _with_entry(2, lambda t, b, a, old: t.abs()),
            "This is W itself: its derivative with respect to θ is asked for.",
        ),
        Mistake(
            _with_entry(0, lambda t, b, a, old: torch.log(_tensor(2.0)) * torch.ones_like(t)),
            "log 2 is the value of the JSD: it does not change with θ, so its derivative is 0.",
        ),
        Mistake(
            _with_entry(1, lambda t, b, a, old: torch.ones_like(t)),
            "1 is the value of the total variation: it does not change with θ, so its derivative is 0.",
        ),
        Mistake(
            lambda t, b, a: torch.stack(
                [
                    torch.log(2 * torch.ones_like(t)),
                    torch.ones_like(t),
                    t.abs(),
                    2 * a * (1 - torch.exp(-(t**2) / (2 * b**2))),
                ]
            ),
            "These are the divergences themselves: their derivatives with respect to θ are asked for.",
        ),
        Mistake(
            _with_entry(3, lambda t, b, a, old: -old),
            "The sign of the last entry is wrong: MMD² grows as the segments move apart.",
        ),
        Mistake(
            _with_entry(3, lambda t, b, a, old: old / 2),
            "A factor 2 is missing in MMD²: 2·overlap stands before the bracket; θ²/(2b²) gives θ/b².",
        ),
        Mistake(
            _with_entry(3, lambda t, b, a, old: old * b**2),
            "The inner derivative of exp(−θ²/(2b²)) is −θ/b²: the division by b² is missing.",
        ),
        Mistake(
            _with_entry(3, lambda t, b, a, old: old / t),
            "The factor θ is missing: the inner derivative of exp(−θ²/(2b²)) is −θ/b².",
        ),
        Mistake(
            _with_entry(3, lambda t, b, a, old: 2 * a * (1 - torch.exp(-(t**2) / (2 * b**2)))),
            "The last entry is MMD² itself: its derivative with respect to θ is asked for.",
        ),
        Mistake(
            _with_entry(3, lambda t, b, a, old: old / a),
            "The overlap A is missing in the last entry: it is a factor of MMD² and stays one.",
        ),
    ),
    hints=(
        "For θ ≠ 0 the JSD is log 2 and the total variation is 1, whatever θ is.",
        "W = |θ|; MMD² = 2·overlap·(1 − exp(−θ²/(2b²))). Differentiate both.",
        "slope = 2 * overlap * theta / bandwidth**2 * torch.exp(-(theta**2) / (2 * bandwidth**2)); "
        "torch.stack([0 * theta, 0 * theta, torch.sign(theta), slope])",
    ),
    difficulty=2,
    minutes=10,
)


def critic_loss(real_scores, fake_scores):
    return fake_scores.mean() - real_scores.mean()


def _scores(rng):
    yield Case((_tensor([[1.0], [3.0]]), _tensor([[4.0]])), "a critic that is wrong: the loss is positive")
    for n, m in ((4, 4), (3, 6)):
        real, fake = 2 + 3 * rng.normal(size=(n, 1)), rng.normal(size=(m, 1))
        yield Case((_tensor(real), _tensor(fake)), f"{n} real and {m} generated points")


CRITIC_LOSS = Exercise(
    id="11.critic_loss",
    title="The loss of a critic",
    reference=critic_loss,
    cases=_scores,
    gradient=True,
    mistakes=(
        Mistake(
            lambda r, f: r.mean() - f.mean(),
            "This is the gap itself: a loss is minimised, and the critic wants the gap large.",
        ),
        Mistake(
            lambda r, f: torch.sigmoid(f).mean() - torch.sigmoid(r).mean(),
            "A sigmoid was applied: a critic's scores are real numbers, not probabilities.",
        ),
        Mistake(
            lambda r, f: nn.functional.softplus(-r).mean() + nn.functional.softplus(f).mean(),
            "This is the discriminator's cross-entropy: a critic's loss has no logarithm.",
        ),
        Mistake(
            lambda r, f: -(r.mean() - f.mean()).abs(),
            "The absolute value hides the sign: the critic must score real points higher, not merely differently.",
        ),
        Mistake(lambda r, f: f.sum() - r.sum(), "These are sums: expectations are means."),
        Mistake(
            lambda r, f: torch.cat([f, -r]).mean(),
            "This is one mean over all scores together: each expectation is a mean over its own sample.",
        ),
        Mistake(lambda r, f: (f.mean() - r.mean()) / 2, "There is a 1/2 too many."),
    ),
    hints=(
        "The critic maximises E f(real) − E f(generated); optimisers minimise.",
        "fake_scores.mean() - real_scores.mean()",
    ),
    difficulty=1,
    minutes=3,
)


def _clipped(clip="after", sign=1.0, which="all", told="before", swapped=False):
    def clamp(critic, bound, low=-1.0):
        with torch.no_grad():
            for parameter in critic.parameters():
                if which == "all" or parameter.ndim == 2:
                    parameter.clamp_(low * bound, bound)

    def clipped_step(critic, optimizer, real, fake, bound):
        optimizer.zero_grad()
        if swapped:
            real, fake = fake, real
        loss = sign * critic_loss(critic(real), critic(fake))
        loss.backward()
        if clip == "before":
            clamp(critic, bound)
        if clip == "gradients":
            nn.utils.clip_grad_value_(critic.parameters(), bound)
        if clip == "gradient norm":
            nn.utils.clip_grad_norm_(critic.parameters(), bound)
        optimizer.step()
        if clip == "after":
            clamp(critic, bound)
        if clip == "positive":
            clamp(critic, bound, low=0.0)
        if clip == "norm":
            with torch.no_grad():
                for parameter in critic.parameters():
                    parameter.mul_(min(1.0, bound / float(parameter.norm())))
        return loss.detach() if told == "before" else critic_loss(critic(real), critic(fake)).detach()

    return clipped_step


clipped_step = _clipped()


@dataclass
class _Critic:
    """The seed of a small critic's weights; on a card it is three words and no number."""

    seed: int

    def __repr__(self):
        return "a small critic"

    def with_weights(self, critic, scale=1.0):
        """The critic with the weights that this seed draws."""
        random = torch.Generator().manual_seed(self.seed)
        with torch.no_grad():
            for parameter in critic.parameters():
                parameter.copy_(scale * torch.randn(parameter.shape, generator=random, dtype=torch.float64))
        return critic


def _critics(rng):
    # In the wide box nothing is clipped: what the step does to the critic is seen there by itself.
    narrow = float(rng.uniform(0.15, 0.4))
    for bound, label in (
        (100.0, "a box so wide that nothing is clipped"),
        (0.1, "c = 0.1"),
        (narrow, "another c"),
    ):
        real = _tensor(rng.normal(size=(5, 2)))
        start = _Critic(int(rng.integers(10**6)))
        yield Case((start, real, _tensor(1 + rng.normal(size=(5, 2))), bound), label)


def _probe_step(step, start, real, fake, bound):
    """What two steps return and where they leave the critic, with an optimiser that has met the critic before."""
    critic = start.with_weights(nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)).double(), 0.5)
    for parameter in critic.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer = torch.optim.SGD(critic.parameters(), lr=0.1)
    # The last bias shifts all scores alike: no critic's loss ever moves it.
    watch = Watch(optimizer, critic=[critic[0].weight, critic[0].bias, critic[2].weight])
    told = []
    for _ in range(2):
        told.append(watch.run(step, critic, optimizer, real, fake, bound))
        if told[-1] is None:
            return None
        if bound > 10:
            watch.require(moves="critic")
    return {
        "returned losses": [
            one if isinstance(one, tuple | list) else torch.as_tensor(one).detach() for one in told
        ],
        "weights after two steps": {name: p.detach() for name, p in critic.named_parameters()},
    }


CLIPPED_STEP = Exercise(
    id="11.clipped_step",
    title="One step of the critic with clipped weights",
    reference=clipped_step,
    cases=_critics,
    probe=_probe_step,
    mistakes=(
        Mistake(
            _clipped(clip="before"),
            "The weights are clipped before the step, which may carry them out of the box again: clip after it.",
        ),
        Mistake(
            _clipped(clip="gradients"),
            "This clips the gradients: the weights themselves must stay in [−c, c].",
        ),
        Mistake(
            _clipped(clip="gradient norm"),
            "This shrinks the gradient to a norm: the weights themselves must stay in [−c, c].",
        ),
        Mistake(
            _clipped(clip="none"),
            "After the step weights lie outside of [−c, c]: clamp each parameter in place (`clamp_`; `clamp` "
            "returns a copy and leaves the parameter as it is).",
        ),
        Mistake(
            _clipped(sign=-1.0),
            "The critic goes the wrong way and the returned loss has the other sign: minimise "
            "`critic_loss(critic(real), critic(fake))`, real first and without a minus.",
        ),
        Mistake(_clipped(which="weights"), "The biases are parameters too: the box holds all of them."),
        Mistake(_clipped(clip="positive"), "The box is [−c, c]: negative weights must survive."),
        Mistake(
            _clipped(clip="norm"),
            "This shrinks whole layers to a norm: clipping clamps each entry by itself.",
        ),
        Mistake(
            _clipped(told="after"),
            "The critic is right, but what is returned is the loss after the step: return the one before it.",
        ),
    ),
    hints=(
        "The three lines of every step (zero the gradients, backward, step), then the clipping.",
        "Under torch.no_grad(), call parameter.clamp_(-bound, bound) for each parameter of the critic.",
        "loss = critic_loss(critic(real), critic(fake)); optimizer.zero_grad(); loss.backward(); optimizer.step(); "
        "then clamp, and return loss.detach().",
    ),
    rtol=1e-6,
    tolerance_reason="two SGD steps in float64 differ by rounding only",
    difficulty=2,
    minutes=10,
)


def _penalty(points="between", graph=True, norm="each", minus=1.0, sign=1.0, square=True):
    def gradient_penalty(critic, real, fake, t):
        t = t[:, None]
        if points == "swapped":
            t = 1 - t
        if points == "one":
            t = t[:1]
        if points == "uniform":
            t = torch.rand_like(t)
        if points == "coordinates":
            t = torch.rand_like(real)
        if points == "normal":
            t = torch.randn_like(t)
        x = t * real + (1 - t) * fake
        if points == "ends":
            x = torch.cat([real, fake])
        if points in ("real", "fake"):
            x = real if points == "real" else fake
        x = x.detach().requires_grad_(True)
        scores = critic(x)
        total = scores.mean() if norm == "of the mean" else scores.sum()
        (gradient,) = torch.autograd.grad(total, x, create_graph=graph)
        size = gradient.norm() if norm == "batch" else gradient.norm(dim=0 if norm == "columns" else 1)
        if norm in ("entries", "signed entries"):
            size = gradient.abs() if norm == "entries" else gradient
        if norm == "sum":
            size = gradient.sum(dim=1)
        if norm == "mean":
            size = size.mean()
        if norm == "squared":
            size = size**2
        excess = size - minus
        if norm == "one-sided":
            excess = excess.clamp(min=0)
        return sign * (excess**2 if square else excess.abs()).mean()

    return gradient_penalty


gradient_penalty = _penalty()


def _points(rng):
    for n, label in ((4, "4 pairs of points"), (6, "6 pairs of points")):
        real, fake = rng.normal(size=(n, 2)), 2 + rng.normal(size=(n, 2))
        start = _Critic(int(rng.integers(10**6)))
        yield Case((start, _tensor(real), _tensor(fake), _tensor(rng.uniform(size=n))), label)


def _probe_penalty(penalty, start, real, fake, t):
    """The penalty of a small critic and its gradient with respect to the critic's weights."""
    critic = start.with_weights(nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 1)).double())
    value = penalty(critic, real, fake, t)
    if value is None:
        return None
    if any(parameter.grad is not None for parameter in critic.parameters()):
        raise Reject(_LEFT)
    if torch.is_tensor(value) and not value.requires_grad:
        raise Reject(_NO_GRAPH)
    if why_no_gradient(value, "penalty"):
        raise Reject(why_no_gradient(value, "penalty"))
    weights = [parameter for parameter in critic.parameters() if parameter.ndim == 2]
    gradients = torch.autograd.grad(value.sum(), weights, allow_unused=True)
    whole = [torch.zeros_like(w) if g is None else g for g, w in zip(gradients, weights, strict=True)]
    # Any function of the points is a critic; a plain one has no parameters.
    plain = penalty(lambda points: (points[:, :1] - points[:, 1:]) ** 2 / 10, real, fake, t)
    return {"penalty": value, "gradients": whole, "penalty of (x₁ − x₂)²/10": torch.as_tensor(plain).detach()}


_NO_GRAPH = (
    "The penalty carries no gradient for the critic: either `torch.autograd.grad` ran without `create_graph=True`, or "
    "the result was cut off afterwards (`.detach()`, `.data`, `torch.no_grad()`)."
)
_LEFT = (
    "The penalty leaves gradients at the critic's weights, which the next step would take for its own: use "
    "`torch.autograd.grad(scores.sum(), x, create_graph=True)` in the place of `backward()`."
)


def _by_backward(critic, real, fake, t):
    x = (t[:, None] * real + (1 - t[:, None]) * fake).requires_grad_(True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of the memory that a graph in .grad keeps
        critic(x).sum().backward(create_graph=True)
    return ((x.grad.norm(dim=1) - 1) ** 2).mean()


GRADIENT_PENALTY = Exercise(
    id="11.gradient_penalty",
    title="The gradient penalty",
    reference=gradient_penalty,
    cases=_points,
    probe=_probe_penalty,
    keeps=("real", "fake", "t"),
    mistakes=(
        Mistake(
            _penalty(norm="batch"),
            "The norm is taken over the whole batch: each point has its own gradient and its own norm.",
        ),
        Mistake(
            _penalty(points="one"),
            "One t serves the whole batch: every pair has its own.",
        ),
        Mistake(
            _penalty(graph=False),
            _NO_GRAPH,
        ),
        Mistake(
            _penalty(norm="squared"),
            "The norm is squared before the 1 is subtracted: it must be (‖∇f‖ − 1)².",
        ),
        Mistake(
            _penalty(sign=-1.0),
            "The sign is wrong: a penalty is positive, the critic's loss adds λ times it.",
        ),
        Mistake(_penalty(minus=0.0), "The 1 is missing: this pulls the slope to 0 (R1), not to 1."),
        Mistake(
            _penalty(norm="mean"),
            "The mean over the batch comes before the square: single slopes could be anything. Square first.",
        ),
        Mistake(
            _penalty(points="ends"),
            "The slope is measured at the samples themselves: it must be between them.",
        ),
        Mistake(
            _penalty(points="real"), "Only the real points are used: the slope is measured between the two."
        ),
        Mistake(
            _penalty(points="fake"),
            "Only the generated points are used: the slope is measured between the two.",
        ),
        Mistake(
            _penalty(points="uniform"), "A new t is drawn: use the t that is given, one number for each pair."
        ),
        Mistake(
            _penalty(points="coordinates"),
            "Each coordinate has a number of its own: then x̂ leaves the segment. One t, the given one, for each pair.",
        ),
        Mistake(
            _penalty(points="normal"),
            "t is drawn from a normal distribution: then x̂ lies beyond the ends. Use the t that is given.",
        ),
        Mistake(
            _penalty(norm="entries"),
            "The 1 is subtracted from each entry of the gradient: take the norm of each point's gradient first.",
        ),
        Mistake(
            _penalty(norm="signed entries"),
            "The 1 is subtracted from each entry of the gradient: take the norm of each point's gradient first.",
        ),
        Mistake(
            _penalty(norm="of the mean"),
            "The gradient of the mean of all scores is smaller by the number of points: differentiate the sum.",
        ),
        Mistake(
            _penalty(norm="one-sided"),
            "Only slopes above 1 are punished: here slopes below 1 cost as well, by (‖∇f‖ − 1)².",
        ),
        Mistake(
            _penalty(sign=10.0),
            "This is ten times the penalty: its weight λ stands in the critic's loss, not here.",
        ),
        Mistake(
            _penalty(norm="columns"),
            "The norm is taken over dim=0, across the points: each row is one point's gradient, so dim=1.",
        ),
        Mistake(
            _penalty(norm="sum"),
            "The entries of the gradient are summed: the norm is the root of the sum of their squares.",
        ),
        Mistake(_by_backward, _LEFT),
        Mistake(_penalty(points="swapped"), "t belongs to the real point: x̂ = t·y + (1 − t)·z with y real."),
        Mistake(_penalty(square=False), "The deviation from 1 must be squared."),
    ),
    hints=(
        "Build x̂ = t·real + (1 − t)·fake with t of shape (n, 1), and let it require a gradient.",
        "torch.autograd.grad(critic(x).sum(), x, create_graph=True) gives each score's gradient at its own point.",
        "Norms along dim=1 have shape (n,); subtract 1, square, and only then take the mean: "
        "((gradient.norm(dim=1) - 1) ** 2).mean()",
    ),
    rtol=1e-6,
    tolerance_reason="the answers agree up to rounding in float64",
    difficulty=3,
    minutes=25,
)


def extend_potential(values, anchors, x):
    # Written so that the gradient at an anchor, where f has a kink, is NaN: then nothing is asked of it.
    return (values + (x[:, None] - anchors).square().sum(-1).sqrt()).min(dim=1).values


def _potentials(rng):
    yield Case(
        (_tensor([0.0]), _tensor([[0.0, 0.0]]), _tensor([[3.0, 4.0], [-1.0, 0.0]])),
        "one anchor: the distance to it",
    )
    for n in (3, 5, 40):
        anchors, slope = rng.normal(size=(n, 2)), rng.normal(size=2)
        values = 0.9 * anchors @ (slope / (slope @ slope) ** 0.5)
        x = anchors if n == 40 else 2 * rng.normal(size=(6, 2))
        label = "40 anchors, at themselves" if n == 40 else f"{n} anchors, 6 points"
        yield Case((_tensor(values), _tensor(anchors), _tensor(x)), label)


EXTEND_POTENTIAL = Exercise(
    id="11.extend_potential",
    title="From prices at points to a 1-Lipschitz function on the plane",
    reference=extend_potential,
    cases=_potentials,
    gradient=("x",),
    mistakes=(
        Mistake(
            lambda values, anchors, x: (values - torch.cdist(x, anchors)).max(dim=1).values,
            "This is the smallest such function, max of f − distance: the largest one is asked for.",
        ),
        Mistake(
            lambda values, anchors, x: (values + torch.cdist(x, anchors)).max(dim=1).values,
            "No anchor may be undercut: take the minimum of value + distance, not the maximum.",
        ),
        Mistake(
            lambda values, anchors, x: values[torch.cdist(x, anchors).argmin(dim=1)],
            "This copies the value of the nearest anchor, which jumps where the nearest changes.",
        ),
        Mistake(
            lambda values, anchors, x: torch.cdist(x, anchors).min(dim=1).values,
            "The values at the anchors are missing: this is the distance to the nearest anchor.",
        ),
        Mistake(
            lambda values, anchors, x: (values + torch.cdist(x, anchors) ** 2).min(dim=1).values,
            "The distance is squared: slopes could be steeper than 1.",
        ),
        Mistake(
            lambda values, anchors, x: (values - torch.cdist(x, anchors)).min(dim=1).values,
            "The distance is subtracted: the bound from an anchor is its value plus the distance.",
        ),
        Mistake(
            lambda values, anchors, x: (values + (x[:, None] - anchors).abs().sum(-1)).min(dim=1).values,
            "This is the city-block distance |Δ₁| + |Δ₂|: take the Euclidean norm.",
        ),
    ),
    hints=(
        "f(x) ≤ f(a) + ‖x − a‖ for every anchor a: the largest such f meets the tightest of these bounds.",
        "torch.cdist(x, anchors) has shape (k, n); add the values, take the minimum over the anchors.",
        "(values + torch.cdist(x, anchors)).min(dim=1).values",
    ),
    difficulty=2,
    minutes=8,
)


def settled_slope(w, penalty_weight):
    return 1 + w / (2 * penalty_weight)


def _weights(rng):
    yield Case((_tensor(1.0), _tensor(10.0)), "W = 1, λ = 10")
    yield Case((_tensor(rng.uniform(0.2, 3)), _tensor(rng.uniform(0.3, 5))), "numbers drawn at random")


SETTLED_SLOPE = Exercise(
    id="11.settled_slope",
    title="Where a soft penalty lets the slope settle",
    reference=settled_slope,
    cases=_weights,
    mistakes=(
        Mistake(
            lambda w, lam: torch.ones_like(w),
            "The penalty is soft: the slope ends above 1, as the gain W pulls on it.",
        ),
        Mistake(lambda w, lam: 1 + w / lam, "The derivative of (s − 1)² is 2(s − 1): a factor 2 is missing."),
        Mistake(
            lambda w, lam: 1 - w / (2 * lam),
            "The sign is wrong: a steeper slope gains, so it ends above 1.",
        ),
        Mistake(
            lambda w, lam: w * (1 + w / (2 * lam)), "This is the gap W·s: the slope s alone is asked for."
        ),
        Mistake(
            lambda w, lam: 1 + lam / (2 * w),
            "W and λ have changed places: a large λ must hold the slope at 1.",
        ),
        Mistake(
            lambda w, lam: 1 + 2 * lam / w,
            "The fraction stands upside down: a large λ must hold the slope at 1.",
        ),
    ),
    hints=(
        "With the slope s everywhere between the two, the gap is s·W and the penalty λ(s − 1)².",
        "Maximise s·W − λ(s − 1)² over s: set the derivative W − 2λ(s − 1) to zero.",
    ),
    difficulty=1,
    minutes=5,
)
