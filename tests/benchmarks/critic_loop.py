"""WGAN-GP critic steps that cost little: everything that makes them fast, in one place.

The step is that of ``AdversarialGame`` with ``loss="wgan"`` and ``gp``. Its speed has six sources:

- minibatches, noise and positions are drawn on the data's device, with no ``DataLoader`` between;
- the real, the fake and the points between them go through the critic in one pass;
- for a multi-layer perceptron with (leaky) ReLU the gradients are three passes of matrix products, without a graph;
- these products are written to the same memory at each step (fresh memory costs the CPU a third of a step);
- the optimiser is one fused kernel;
- no step reads a number back: losses stay on the device until somebody looks.

On CUDA the whole step is recorded once as a CUDA graph, since launching so many small kernels takes longer than
running them.
"""

import torch
from torch import Tensor, nn

from course_lib.adversarial.losses import wgan
from course_lib.adversarial.penalties import input_gradient
from course_lib.adversarial.scoring import score_both

__all__ = ["CriticLoop", "critic_gradients", "critic_loss"]


def critic_loss(critic: nn.Module, real: Tensor, fake: Tensor, position: Tensor, gp: float = 10.0) -> Tensor:
    """E f(fake) - E f(real) + gp E(|grad f| - 1)^2 at the points ``lerp(real, fake, position)``.

    Args:
        critic: any module from shape ``(n, d)`` to ``(n, 1)``.
        real, fake: shape ``(n, d)``.
        position: shape ``(n, 1)``, between 0 (real) and 1 (fake).
        gp: the weight lambda.

    Source: I24 Gradient penalty; Gulrajani et al. 2017, algorithm 1.
    """
    gradient = input_gradient(critic, torch.lerp(real, fake, position))
    return wgan.ratio_loss(*score_both(critic, real, fake)) + gp * (gradient.norm(dim=1) - 1).square().mean()


@torch.no_grad()
def critic_gradients(
    critic: nn.Sequential,
    real: Tensor,
    fake: Tensor,
    position: Tensor,
    gp: float = 10.0,
    memory: dict[str, Tensor] | None = None,
) -> tuple[Tensor, list[Tensor]]:
    """``critic_loss`` and its gradient with respect to each parameter, for a perceptron with (leaky) ReLU.

    Such a network is linear on pieces: with a_0 = x and a_l = d_l (W_l a_{l-1} + b_l), where the slope d_l is locally
    constant, the score's gradients are

        r_L = 1,    r_l = d_l (W_{l+1}^T r_{l+1}),    grad_x f = W_1^T r_1,

    and r_l a_{l-1}^T is the gradient in W_l. A penalty on g = grad_x f is linear in each W_l once more: with
    t_0 = dPenalty/dg and t_l = d_l (W_l t_{l-1}) its gradient in W_l is r_l t_{l-1}^T. So the points between take part
    with t in the place of a, and one product for each layer serves all three kinds of points.

    Args:
        critic: ``nn.Linear`` layers with ``nn.ReLU`` or ``nn.LeakyReLU`` between them, one score.
        real, fake, position, gp: as for ``critic_loss``.
        memory: an empty dictionary at first; whoever hands it over again has its large arrays used anew.

    Returns:
        The loss, a scalar, and the gradients in the order of ``critic.parameters()``.

    Raises:
        ValueError: another kind of network.
    """
    linears, slopes = _piecewise_linear(critic)
    memory = {} if memory is None else memory
    n = len(real)
    scored = 2 * n
    a = torch.cat([real, fake, torch.lerp(real, fake, position)])
    inputs = [a]
    for index, (linear, slope) in enumerate(zip(linears[:-1], slopes, strict=True)):
        room = _room(memory, f"a{index}", (len(a), linear.out_features), a)
        z = torch.addmm(linear.bias, inputs[-1], linear.weight.T, out=room)
        inputs.append(nn.functional.leaky_relu_(z, slope))
    scores = torch.addmm(linears[-1].bias, inputs[-1][:scored], linears[-1].weight.T)

    # One seed for each point: how the loss depends on its score, and 1 where the gradient itself is wanted.
    r = a.new_ones(len(a), 1)
    r[:n], r[n:scored] = -1 / n, 1 / n
    backward = [r]
    for index in reversed(range(len(slopes))):
        room = _room(memory, f"r{index}", inputs[index + 1].shape, a)
        r = torch.mm(r, linears[index + 1].weight, out=room)
        backward.append(_times_slope(r, inputs[index + 1], slopes[index], out=r))
    backward.reverse()
    gradient = torch.mm(backward[0][scored:], linears[0].weight)

    norm = gradient.norm(dim=1, keepdim=True)
    loss = scores[n:].mean() - scores[:n].mean() + gp * (norm - 1).square().mean()
    # Where the gradient vanishes, its norm has the subgradient 0.
    t = (2 * gp / n) * (norm - 1) / norm.clamp(min=torch.finfo(norm.dtype).tiny) * gradient
    inputs[0][scored:] = t
    for index, slope in enumerate(slopes):
        a = inputs[index + 1][scored:]
        room = _room(memory, f"t{index}", a.shape, a)
        t = torch.mm(inputs[index][scored:], linears[index].weight.T, out=room)
        _times_slope(t, a, slope, out=a)  # t takes the place of a
    gradients = []
    for seeds, values in zip(backward, inputs, strict=True):
        # With few inputs, this way round is eight times as fast as the transposed product on a CPU.
        gradients += [torch.mm(values.T, seeds).T.contiguous(), seeds[:scored].sum(0)]
    return loss, gradients


class CriticLoop:
    """Critic steps of WGAN-GP against a generator that stands still meanwhile.

    Args:
        generator: from noise ``(m, noise_size)`` to points ``(m, d)``.
        critic: from points ``(m, d)`` to scores ``(m, 1)``. A perceptron with (leaky) ReLU and biases takes the way of
            ``critic_gradients``; any other module works by automatic differentiation.
        data: the sample, shape ``(n, d)``, on the networks' device.
        noise_size: dimension of the generator's Gaussian input.
        gp, lr, betas, batch_size: the penalty's weight, Adam's settings, points a minibatch.
        seed: of the minibatches, the noise and the positions.
        graph: record the step as a CUDA graph; by default on CUDA.

    Attributes:
        by_hand: whether the gradients are those of ``critic_gradients``.

    >>> from course_lib.networks import mlp
    >>> loop = CriticLoop(mlp((2, 8, 2)), mlp((2, 8, 1)), torch.randn(100, 2), noise_size=2, batch_size=16)
    >>> loop.run(3).shape
    torch.Size([3])
    """

    def __init__(
        self,
        generator: nn.Module,
        critic: nn.Module,
        data: Tensor,
        *,
        noise_size: int,
        gp: float = 10.0,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.5, 0.9),
        batch_size: int = 256,
        seed: int = 0,
        graph: bool | None = None,
    ):
        if data.ndim != 2 or len(data) == 0:
            raise ValueError(f"data: expected points of shape (n, d), got shape {tuple(data.shape)}")
        if batch_size < 1:
            raise ValueError(f"batch_size: expected a positive integer, got {batch_size!r}")
        on_cuda = data.device.type == "cuda"
        if graph and not on_cuda:
            raise ValueError(f"graph: expected data on CUDA, got data on {data.device}")
        self.generator, self.critic, self.data, self.gp = generator, critic, data, gp
        self.noise_size, self.batch_size = noise_size, batch_size
        self._random = torch.Generator(device=data.device).manual_seed(seed)
        fused = data.device.type in ("cpu", "cuda")
        self._graph = on_cuda if graph is None else graph
        self._optimizer = torch.optim.Adam(
            critic.parameters(), lr=lr, betas=betas, fused=fused, capturable=self._graph
        )
        self._replay = None
        self._memory: dict[str, Tensor] = {}
        try:
            _piecewise_linear(critic)
            self.by_hand = True
        except ValueError:
            self.by_hand = False

    def draw(self) -> tuple[Tensor, Tensor, Tensor]:
        """Real points, fake points and positions for one step, drawn on the device."""
        m, like = self.batch_size, {"dtype": self.data.dtype, "device": self.data.device}
        index = torch.randint(len(self.data), (m,), device=self.data.device, generator=self._random)
        noise = torch.randn(m, self.noise_size, generator=self._random, **like)
        position = torch.rand(m, 1, generator=self._random, **like)
        with torch.no_grad():
            return self.data[index], self.generator(noise), position

    def update(self, real: Tensor, fake: Tensor, position: Tensor) -> Tensor:
        """One step of Adam on these points; returns the loss before it, on the device."""
        if self.by_hand:
            loss, gradients = critic_gradients(self.critic, real, fake, position, self.gp, self._memory)
            for parameter, gradient in zip(self.critic.parameters(), gradients, strict=True):
                parameter.grad = gradient
        else:
            self._optimizer.zero_grad(set_to_none=True)
            loss = critic_loss(self.critic, real, fake, position, self.gp)
            loss.backward()
        self._optimizer.step()
        return loss.detach()

    def step(self) -> Tensor:
        """Draws and updates; returns the loss, a scalar on the device."""
        if not self._graph:
            return self.update(*self.draw())
        if self._replay is None:
            return self._record()
        self._replay.replay()
        return self._loss.clone()

    def run(self, steps: int) -> Tensor:
        """So many steps; the losses, shape ``(steps,)``, on the device."""
        return torch.stack([self.step() for _ in range(steps)]) if steps else self.data.new_zeros(0)

    def _record(self) -> Tensor:
        # Not yet run on a GPU. Kernels must be loaded and Adam's state made before the recording: the first steps are
        # ordinary ones, on a side stream as the recording asks for. Recording itself computes nothing.
        side = torch.cuda.Stream(self.data.device)
        side.wait_stream(torch.cuda.current_stream(self.data.device))
        with torch.cuda.stream(side):
            loss = self.update(*self.draw())
        torch.cuda.current_stream(self.data.device).wait_stream(side)
        replay = torch.cuda.CUDAGraph()
        replay.register_generator_state(self._random)
        with torch.cuda.graph(replay):
            self._loss = self.update(*self.draw())
        self._replay = replay
        return loss


def _times_slope(value: Tensor, activation: Tensor, slope: float, out: Tensor) -> Tensor:
    # What autograd calls for both kinds of ReLU; it needs only the sign of the activation.
    return torch.ops.aten.leaky_relu_backward.grad_input(value, activation, slope, True, grad_input=out)


def _room(memory: dict[str, Tensor], name: str, shape: tuple[int, ...], like: Tensor) -> Tensor:
    found = memory.get(name)
    if found is None or found.shape != shape or found.dtype != like.dtype or found.device != like.device:
        found = memory[name] = like.new_empty(shape)
    return found


def _piecewise_linear(critic: nn.Module) -> tuple[list[nn.Linear], list[float]]:
    """The linear layers of a perceptron and, for each non-linearity between them, its slope below zero."""
    layers = list(critic) if type(critic) is nn.Sequential else []
    linears, between = layers[::2], layers[1::2]
    if (
        len(layers) % 2 == 0
        or any(type(layer) is not nn.Linear or layer.bias is None for layer in linears)
        or any(type(layer) not in (nn.ReLU, nn.LeakyReLU) for layer in between)
        or any(getattr(layer, "negative_slope", 0.0) < 0 for layer in between)
        or linears[-1].out_features != 1
    ):
        raise ValueError(
            "critic: expected an nn.Sequential of nn.Linear layers (with biases, the last with one output) and nn.ReLU "
            f"or nn.LeakyReLU between them, got {critic!r:.200}"
        )
    return linears, [getattr(layer, "negative_slope", 0.0) for layer in between]
