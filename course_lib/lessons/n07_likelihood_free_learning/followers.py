"""Points of q that walk up the logit of a classifier, which learns again after each of their steps."""

from collections.abc import Callable

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from course_lib.data import Toy, two_blobs
from course_lib.device import get_device
from course_lib.networks import mlp

__all__ = ["START", "TARGETS", "Followers"]

#: What p may be: two blobs whose tails meet, and two with nothing between them.
TARGETS: dict[str, Toy] = {
    "overlapping": two_blobs(distance=2.0, std=0.5),
    "separated": two_blobs(distance=6.0, std=0.5),
}
#: Where the points of q begin: centre and standard deviation.
START = ((-2.0, 1.5), 0.5)
N, EVERY = 400, 5  # points of each set; moves from one look at the distance to the next


class Followers:
    """A game of points against a classifier; ``stride``, ``lessons`` and ``target`` may change between two steps.

    Args:
        loss: ``loss(logits, labels)``, one number that the classifier minimises; label 1 stands for p.
        move: ``move(q, logit, step)`` gives the new points.
        seed: of the points and of the classifier.
        build: ``build(seed)`` gives the classifier, a network from (n, 2) to (n, 1).

    Attributes:
        stride: how far a point goes, in units of the slope of the logit.
        lessons: steps of Adam that the classifier makes before each move.
        target: a name in ``TARGETS``.
        moves: since the start or the last reset.
        when, w1, far: the moves at which the distance was looked at, W1 between both sets there, and the share of q in
            the right half-plane, which holds half of p.
    """

    stride, lessons, target = 0.1, 5, "overlapping"

    def __init__(self, loss: Callable, move: Callable, seed: int = 0, build: Callable | None = None):
        self.device = get_device()
        self.loss, self.move, self.seed = loss, move, seed
        self.build = build or (lambda seed: mlp((2, 32, 32, 1), "tanh", seed=seed, dtype=torch.float32))
        self.reset()

    def reset(self) -> None:
        """Back to the first points and an untrained classifier; the settings stay."""
        centre, std = START
        random = torch.Generator().manual_seed(self.seed)
        noise = torch.randn(N, 2, generator=random, dtype=torch.float32)
        self.q = (torch.tensor(centre) + std * noise).float().to(self.device)
        self.classifier = self.build(self.seed).to(self.device, torch.float32)
        self.rule = torch.optim.Adam(self.classifier.parameters(), lr=1e-2)
        self.moves, self.when, self.w1, self.far = 0, [], [], []
        self._drawn: dict[str, Tensor] = {}
        self._look()

    @property
    def p(self) -> Tensor:
        """The points of p, on the device."""
        if self.target not in self._drawn:
            random = torch.Generator().manual_seed(self.seed + 1)
            points = TARGETS[self.target].sample(N, random)
            self._drawn[self.target] = points.float().to(self.device)
        return self._drawn[self.target]

    def teach(self) -> None:
        """One step of the classifier on all points."""
        points = torch.cat([self.p, self.q])
        labels = torch.cat([torch.ones(N), torch.zeros(N)]).to(points)
        value = self.loss(self.classifier(points).squeeze(1), labels)
        self.rule.zero_grad()
        value.backward()
        self.rule.step()

    def step(self) -> None:
        """The classifier's lessons, then one move of all points; nothing once a point was not finite."""
        if not self.is_finite():
            return
        for _ in range(int(self.lessons)):
            self.teach()
        self.q = self.move(self.q, self.classifier, self.stride).detach()
        self.moves += 1
        if self.moves % EVERY == 0 and self.is_finite():
            self._look()

    def _look(self) -> None:
        p, q = self.p.cpu(), self.q.cpu()
        self.when.append(self.moves)
        self.w1.append(exact_w1(p, q))
        self.far.append(float((q[:, 0] > 0).float().mean()))

    @torch.no_grad()
    def logits(self, points: Tensor) -> Tensor:
        """The classifier's logits at points on the CPU, shape (n, 2) to (n,), on the CPU."""
        return self.classifier(points.float().to(self.device)).squeeze(1).cpu()

    def is_finite(self) -> bool:
        """Whether all points are finite numbers."""
        return bool(torch.isfinite(self.q).all())


def exact_w1(x: Tensor, y: Tensor) -> float:
    """W1 between two sets of equally many points, by the assignment problem."""
    cost = torch.cdist(x.double(), y.double()).numpy()
    rows, columns = linear_sum_assignment(cost)
    return float(cost[rows, columns].mean())
