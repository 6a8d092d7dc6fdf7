"""The alternating game, one step at a time: what ``fit`` runs in a row and ``LiveTraining`` runs on the screen."""

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from course_lib import checks
from course_lib.adversarial import minibatches
from course_lib.adversarial.blame import why_not_finite
from course_lib.adversarial.losses import AdversarialLoss, value_of
from course_lib.adversarial.noisy_inputs import NoisyInputs
from course_lib.adversarial.penalties import clip_weights, slope_between, slope_square
from course_lib.adversarial.scoring import evaluating, has_batch_statistics, try_out
from course_lib.adversarial.settings import Settings
from course_lib.adversarial.updates import (
    DiscriminatorUpdate,
    GeneratorUpdate,
    step_discriminator,
    step_generator,
    update_discriminator,
    update_generator,
)
from course_lib.checks.given import given_to
from course_lib.device import get_device, normal
from course_lib.training import History, train

__all__ = ["AdversarialGame", "fit"]


class AdversarialGame(Settings):
    """A generator against a discriminator (or critic), with settings that may change between any two steps.

    All randomness comes from a generator of its own, so that a run repeats however its steps are interleaved with
    other cells. A setting that is none (a negative rate, no steps) is refused when it is assigned.

    Args:
        generator: from noise of shape ``(m, noise_size)`` to points of shape ``(m, d)``.
        discriminator: from points ``(m, d)`` to scores ``(m, 1)``: logits, not probabilities.
        data: the sample that minibatches are drawn from, shape ``(n, d)``.
        noise_size: dimension of the generator's Gaussian input.
        loss: a name in ``ADVERSARIAL_LOSSES``, or an ``AdversarialLoss`` (your own functions).
        lr_d, lr_g: learning rates.
        d_steps: discriminator steps for each generator step (k in UL p.7).
        batch_size: points a minibatch.
        input_noise: standard deviation of noise added to everything the discriminator sees.
        r1, r2: weight gamma of gamma/2 E|grad D|^2 at real and at fake points.
        gp: weight lambda of E(|grad D| - 1)^2 between real and fake points.
        clip: bound on the discriminator's weights; 0 for none.
        optimizer: ``"adam"`` or ``"sgd"``.
        betas: Adam's two decay rates.
        seed: of the minibatches and the noise.
        update_d, update_g: replace the two updates, for instance by a student's own.
        device: where networks and data are moved to and trained; ``get_device`` decides without it. Random numbers are
            drawn on the CPU, so that a seed means the same game everywhere.

    Attributes:
        history: ``value`` (the minibatch's V), ``ratio_loss``, ``generative_loss``, ``gradient_norm`` (of the
            generator), ``largest_score`` (its size, among those that the generator gets), one entry a step each;
            tensors on the device, as numbers by ``history.numpy``.
        steps: finished rounds.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        data: Tensor,
        *,
        noise_size: int,
        loss: str | AdversarialLoss = "non_saturating",
        lr_d: float = 1e-3,
        lr_g: float = 1e-3,
        d_steps: int = 1,
        batch_size: int = 256,
        input_noise: float = 0.0,
        r1: float = 0.0,
        r2: float = 0.0,
        gp: float = 0.0,
        clip: float = 0.0,
        optimizer: str = "adam",
        betas: tuple[float, float] = (0.5, 0.9),
        seed: int = 0,
        update_d: DiscriminatorUpdate = update_discriminator,
        update_g: GeneratorUpdate = update_generator,
        device: str | None = None,
    ):
        for name, network in (("generator", generator), ("discriminator", discriminator)):
            if not any(True for _ in checks.module(name, network).parameters()):
                raise checks.refuse(name, "a network with parameters to train", network)
        self.data = minibatches.batch("data", data, discriminator)
        self.device = get_device(
            None if device is None else str(checks.device("device", device)), self.data.dtype
        )
        self.generator, self.discriminator = generator.to(self.device), discriminator.to(self.device)
        self.data = self.data.to(self.device)
        self.noise_size, self.seed, self.optimizer, self.betas = noise_size, seed, optimizer, betas
        self.lr_d, self.lr_g, self.d_steps, self.batch_size = lr_d, lr_g, d_steps, batch_size
        self.input_noise, self.r1, self.r2, self.gp, self.clip = input_noise, r1, r2, gp, clip
        self.update_d, self.update_g = update_d, update_g
        self.loss = loss
        try_out(generator, discriminator, self.data, self.noise_size)
        self._start = copy.deepcopy((generator.state_dict(), discriminator.state_dict()))
        self._restart()

    @property
    def loss(self) -> AdversarialLoss:
        """The pair of losses in use; assigning a name looks it up."""
        return self._loss

    @loss.setter
    def loss(self, value: str | AdversarialLoss) -> None:
        from course_lib.adversarial import ADVERSARIAL_LOSSES

        if isinstance(value, str) and value in ADVERSARIAL_LOSSES:
            value = ADVERSARIAL_LOSSES[value]
        if not isinstance(value, AdversarialLoss):
            raise checks.refuse(
                "loss", f"an AdversarialLoss or one of {', '.join(ADVERSARIAL_LOSSES)}", value
            )
        self._loss = value

    @property
    def penalty(self) -> float:
        """One weight for R1 and R2 together; assigning it sets both."""
        return self.r1

    @penalty.setter
    def penalty(self, gamma: float) -> None:
        self.r1 = self.r2 = gamma

    def reset(self) -> None:
        """Back to the first weights, the first minibatch and an empty history; the settings stay."""
        self.generator.load_state_dict(self._start[0])
        self.discriminator.load_state_dict(self._start[1])
        self._restart()

    def _restart(self) -> None:
        self._random = torch.Generator().manual_seed(self.seed)
        # Looking must not change the course of the game: pictures draw their noise from elsewhere.
        self._fixed_noise = self._noise(4096, torch.Generator().manual_seed(self.seed + 1))
        self._seen_by_d = NoisyInputs(self.discriminator, generator=self._random)
        self._optimizer_d = self._make_optimizer(self.discriminator)
        self._optimizer_g = self._make_optimizer(self.generator)
        # As the optimiser sees it: a student's step may have erased the gradients when it returns.
        self._optimizer_g.register_step_pre_hook(self._note_gradient)
        self.history = History()
        self.steps = 0

    def _make_optimizer(self, network: nn.Module) -> torch.optim.Optimizer:
        if self.optimizer == "sgd":
            return torch.optim.SGD(network.parameters(), lr=1.0)
        fused = self.data.device.type in ("cpu", "cuda")
        return torch.optim.Adam(network.parameters(), lr=1.0, betas=self.betas, fused=fused)

    def _noise(self, n: int, random: torch.Generator) -> Tensor:
        return normal((n, self.noise_size), self.data, random)

    def _batch(self) -> Tensor:
        rows = (self.batch_size,)
        return self.data[torch.randint(len(self.data), rows, generator=self._random).to(self.device)]

    def discriminator_step(self) -> Mapping[str, Tensor]:
        """One update of the discriminator; returns ``ratio_loss`` and the ``value`` V of its minibatch."""
        real, noise = self._batch(), self._noise(self.batch_size, self._random)
        self._set(self._optimizer_d, self.lr_d)
        seen: dict[str, Tensor] = {}

        def ratio_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
            with torch.no_grad():
                seen["value"] = value_of(real_scores, fake_scores)
            objective = self.loss.ratio_loss(real_scores, fake_scores)
            return objective + self._penalty(real, noise) if self.r1 or self.r2 or self.gp else objective

        # The penalty travels inside the loss, so that a student's own update is regularised as well.
        loss = AdversarialLoss(self.loss.name, ratio_loss, self.loss.generative_loss)
        update = step_discriminator if self.update_d is update_discriminator else self.update_d
        objective = update(self.generator, self._seen_by_d, self._optimizer_d, real, noise, loss)
        if self.clip:
            clip_weights(self.discriminator, self.clip)
        return {"ratio_loss": _returned("update_d", objective), **seen}

    def _penalty(self, real: Tensor, noise: Tensor) -> Tensor:
        with torch.no_grad():
            fake = self.generator(noise)
        penalty = real.new_zeros(())
        if (
            self.r1 and self.r1 == self.r2 and not has_batch_statistics(self.discriminator)
        ):  # one pass for both
            penalty = penalty + self.r1 * slope_square(self._seen_by_d, torch.cat([real, fake]))
        else:
            if self.r1:
                penalty = penalty + self.r1 / 2 * slope_square(self._seen_by_d, real)
            if self.r2:
                penalty = penalty + self.r2 / 2 * slope_square(self._seen_by_d, fake)
        if self.gp:
            penalty = penalty + self.gp * slope_between(self._seen_by_d, real, fake, 1.0, self._random)
        return penalty

    def generator_step(self) -> Mapping[str, Tensor]:
        """One update of the generator; returns ``generative_loss``, ``gradient_norm`` and ``largest_score``."""
        noise = self._noise(self.batch_size, self._random)
        self._set(self._optimizer_g, self.lr_g)
        seen: dict[str, Tensor] = {}

        def generative_loss(fake_scores: Tensor) -> Tensor:
            with torch.no_grad():
                seen["largest_score"] = fake_scores.abs().amax()
            return self.loss.generative_loss(fake_scores)

        loss = AdversarialLoss(self.loss.name, self.loss.ratio_loss, generative_loss)
        self._gradient_norm = self.data.new_zeros(())
        update = step_generator if self.update_g is update_generator else self.update_g
        objective = update(self.generator, self._seen_by_d, self._optimizer_g, noise, loss)
        returned = _returned("update_g", objective)
        return {"generative_loss": returned, "gradient_norm": self._gradient_norm, **seen}

    def _note_gradient(self, *_) -> None:
        gradients = [p.grad for p in self.generator.parameters() if p.grad is not None]
        if gradients:
            self._gradient_norm = torch.nn.utils.get_total_norm(gradients)

    def _set(self, optimizer: torch.optim.Optimizer, lr: float) -> None:
        self._seen_by_d.std = float(self.input_noise)
        for group in optimizer.param_groups:
            group["lr"] = float(lr)

    def step(self) -> Mapping[str, Tensor]:
        """``d_steps`` updates of the discriminator, then one of the generator; recorded in ``history``."""
        for _ in range(self.d_steps):
            record = dict(self.discriminator_step())
        record.update(self.generator_step())
        self.history.append(**record)
        self.steps += 1
        return record

    def samples(self, n: int = 1024) -> Tensor:
        """The generator's points for the same noise at every call, shape ``(n, d)`` with n up to 4096, on the CPU."""
        n = checks.integer("n", n, 1, len(self._fixed_noise))
        with evaluating(self.generator):
            return self.generator(self._fixed_noise[:n]).cpu()

    def scores(self, points: Tensor) -> Tensor:
        """The discriminator's scores without input noise, shape ``(n,)``, on the CPU."""
        points = minibatches.batch("points", points, self.discriminator)
        if points.shape[1:] != self.data.shape[1:]:
            wanted = f"points of shape (n, {', '.join(map(str, self.data.shape[1:]))})"
            raise ValueError(f"points: expected {wanted}, got shape {tuple(points.shape)}")
        with evaluating(self.discriminator):
            return given_to(self.discriminator, "points", points, "the discriminator").reshape(-1).cpu()

    @torch.no_grad()
    def is_finite(self) -> bool:
        """Whether every parameter of both networks is a finite number (this waits for the device)."""
        networks = (self.generator, self.discriminator)
        return all(bool(torch.isfinite(p).all()) for network in networks for p in network.parameters())

    def why_not_finite(self) -> str:
        """What the records say of how it came to that, in sentences."""
        return why_not_finite(self.history)


def fit(game: AdversarialGame, steps: int, *, progress: str | bool = "playing") -> History:
    """Plays ``steps`` rounds with a progress bar and returns the game's history.

    Raises:
        FloatingPointError: a parameter became infinite or NaN on the way.
    """
    checks.methods("game", game, "step", "is_finite")
    train(lambda _: game.step() and None, steps, progress=progress)
    if not game.is_finite():
        raise FloatingPointError(f"the game diverged within {game.steps} steps; lower the learning rates")
    return game.history


def _returned(update: str, objective) -> Tensor:
    """The loss that an update returns, for the history."""
    try:
        return torch.as_tensor(objective).detach().reshape(())
    except (TypeError, ValueError, RuntimeError) as error:
        raise checks.refuse(update, "a function that returns the loss before its step", objective) from error
