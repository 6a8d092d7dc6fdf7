"""Couplings and autoregressive flows against autograd, quadrature, torch's and zuko's transforms."""

import math

import pytest
import torch
from torch.distributions import Distribution, MultivariateNormal, Normal, TransformedDistribution

from course_lib.variational import AffineCoupling, AutoregressiveFlow, FlowStack

# Float64: a stack of some tens of additions and one exp keeps all but the last two of 16 digits.
EXACT = 1e-12


def flows():
    yield "coupling", AffineCoupling(5, seed=1)
    yield "coupling, flipped", AffineCoupling(5, flip=True, seed=1)
    yield "af", AutoregressiveFlow(4, kind="af", seed=2)
    yield "iaf", AutoregressiveFlow(4, kind="iaf", seed=3)
    yield "one dimension", AutoregressiveFlow(1, seed=3)
    yield "no hidden layer", AutoregressiveFlow(3, hidden=(), seed=3)
    yield (
        "stack",
        FlowStack([AffineCoupling(3, seed=4), AutoregressiveFlow(3, seed=5), AffineCoupling(3, flip=True)]),
    )


FLOWS = [pytest.param(flow, id=name) for name, flow in flows()]


@pytest.fixture
def zuko():
    """The library, without what its import changes for everybody: it takes the checks from torch.distributions."""
    before = {name: vars(Distribution)[name] for name in ("_validate_args", "arg_constraints")}
    import zuko

    yield zuko
    for name, value in before.items():
        setattr(Distribution, name, value)


def points(flow, n=6, seed=0):
    return torch.randn(n, flow.size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("flow", FLOWS)
def test_there_and_back(flow):
    z = points(flow)
    x, log_det = flow(z)
    back, back_det = flow.inverse(x)
    assert torch.allclose(back, z, rtol=EXACT, atol=EXACT)
    assert torch.allclose(back_det, -log_det, rtol=EXACT, atol=EXACT)


@pytest.mark.parametrize("flow", FLOWS)
def test_log_determinants_are_those_of_the_jacobian(flow):
    z = points(flow)
    x, log_det = flow(z)
    _, back_det = flow.inverse(x)
    for k in range(len(z)):
        forward = torch.autograd.functional.jacobian(lambda t: flow(t)[0], z[k])
        inverse = torch.autograd.functional.jacobian(lambda t: flow.inverse(t)[0], x[k].detach())
        assert math.isclose(torch.linalg.slogdet(forward)[1], log_det[k].item(), abs_tol=EXACT)
        assert math.isclose(torch.linalg.slogdet(inverse)[1], back_det[k].item(), abs_tol=EXACT)


PLANE = [AffineCoupling(2, seed=1), AutoregressiveFlow(2, seed=1), AutoregressiveFlow(2, kind="iaf", seed=1)]


@pytest.mark.parametrize("flow", PLANE, ids=["coupling", "af", "iaf"])
def test_a_density_has_mass_one_and_is_that_of_the_draws(flow):
    axis = torch.linspace(-14, 14, 1121, dtype=torch.float64)
    grid = torch.stack(torch.meshgrid(axis, axis, indexing="ij"), -1)
    density = flow.log_prob(grid).exp() * (axis[1] - axis[0]) ** 2
    assert math.isclose(
        density.sum().item(), 1, abs_tol=1e-6
    )  # the rule of rectangles, smooth and zero at its ends
    draws = flow(points(flow, 200_000, seed=1))[0].detach()
    inside = (grid < torch.tensor([0.4125, 0.2125])).all(-1)  # between two nodes
    share = (draws < torch.tensor([0.4125, 0.2125])).all(-1).double().mean()
    assert math.isclose(density[inside].sum().item(), share, abs_tol=0.006)  # five standard errors


def test_coupling_keeps_its_half_and_moves_the_other():
    z = points(AffineCoupling(5))
    for flip in (False, True):
        x = AffineCoupling(5, flip=flip, seed=0)(z)[0]
        kept = slice(3, 5) if flip else slice(0, 2)
        assert torch.equal(x[:, kept], z[:, kept])
        assert bool(((x != z).sum(1) == 3).all())


def test_coupling_against_zuko(zuko):
    flow = AffineCoupling(5, seed=7)

    def transform(kept):
        shift, log_scale = flow._shift_and_log_scale(kept)
        return zuko.transforms.DependentTransform(
            torch.distributions.AffineTransform(shift, log_scale.exp()), 1
        )

    other = zuko.transforms.CouplingTransform(transform, torch.tensor([True, True, False, False, False]))
    z = points(flow)
    x, log_det = flow(z)
    assert torch.allclose(x, other(z), rtol=EXACT)
    assert torch.allclose(log_det, other.log_abs_det_jacobian(z, x), rtol=EXACT)
    base = MultivariateNormal(torch.zeros(5).double(), torch.eye(5).double())
    assert torch.allclose(flow.log_prob(x), TransformedDistribution(base, other).log_prob(x), rtol=1e-10)


@pytest.mark.parametrize("kind", ["af", "iaf"])
def test_autoregressive_flows_against_zuko(kind, zuko):
    flow = AutoregressiveFlow(4, kind=kind, seed=8)

    def transform(seen):
        shift, log_scale = flow.shift_and_log_scale(seen)
        affine = torch.distributions.AffineTransform(shift, log_scale.exp())
        return zuko.transforms.DependentTransform(affine if kind == "iaf" else affine.inv, 1)

    other = zuko.transforms.AutoregressiveTransform(transform, passes=4)
    z = points(flow)
    x, log_det = flow(z)
    forward = other if kind == "iaf" else other.inv
    assert torch.allclose(x, forward(z), rtol=EXACT)
    assert torch.allclose(log_det, forward.log_abs_det_jacobian(z, x), rtol=EXACT)


def test_the_masks_let_a_coordinate_see_all_those_before_it_and_no_other():
    flow = AutoregressiveFlow(6, hidden=(40, 40), seed=0)
    x = points(flow, 1)[0]
    for part in (0, 1):
        jacobian = torch.autograd.functional.jacobian(
            lambda t, part=part: flow.shift_and_log_scale(t)[part], x
        )
        assert torch.equal(jacobian != 0, torch.ones(6, 6).tril(-1).bool())


@pytest.mark.parametrize(("kind", "draw", "density"), [("af", 7, 1), ("iaf", 1, 7)])
def test_passes_are_counted(kind, draw, density):
    flow = AutoregressiveFlow(7, kind=kind, seed=0)
    x, _ = flow(points(flow))
    assert flow.passes == draw
    flow.passes = 0
    flow.log_prob(x)
    assert flow.passes == density


def test_an_af_is_the_iaf_turned_round():
    af, iaf = AutoregressiveFlow(4, kind="af", seed=5), AutoregressiveFlow(4, kind="iaf", seed=5)
    x = points(af)
    z, log_det = af.inverse(x)
    shift, log_scale = iaf.shift_and_log_scale(x)
    assert torch.allclose(z, (x - shift) * (-log_scale).exp(), rtol=EXACT)
    assert torch.allclose(log_det, -log_scale.sum(-1), rtol=EXACT)


@pytest.mark.parametrize("flow", FLOWS)
def test_a_scale_has_a_bound_and_nothing_overflows(flow):
    z = 1e6 * points(flow)
    x, log_det = flow(z)
    assert bool(x.isfinite().all())
    layers = len(flow.flows) if isinstance(flow, FlowStack) else 1
    assert float(log_det.abs().max()) <= 2 * flow.size * layers


def test_gradients_reach_every_weight_and_the_point():
    for flow in (
        AffineCoupling(4, seed=0),
        AutoregressiveFlow(4, seed=0),
        AutoregressiveFlow(4, kind="iaf", seed=0),
    ):
        x = points(flow).requires_grad_()
        flow.log_prob(x).sum().backward()
        assert all(p.grad is not None and bool((p.grad != 0).any()) for p in flow.parameters())
        assert bool((x.grad != 0).any())


def test_a_seed_repeats_and_leaves_the_global_state():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    one, two = AutoregressiveFlow(3, seed=9), AutoregressiveFlow(3, seed=9)
    assert torch.equal(torch.rand(2), expected)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


def test_shapes_and_types():
    flow = AffineCoupling(2, seed=0)
    x, log_det = flow([[[0.0, 1.0]], [[2.0, 3.0]]])
    assert x.shape == (2, 1, 2) and log_det.shape == (2, 1) and x.dtype == torch.float64
    assert flow.log_prob([0.0, 1.0]).shape == ()
    single = AffineCoupling(2, seed=0, dtype=torch.float32)
    assert single.log_prob(torch.zeros(3, 2, dtype=torch.float64)).dtype == torch.float32
    normal = Normal(torch.zeros(()).double(), 1.0)
    still = AutoregressiveFlow(1, hidden=(), seed=0)
    with torch.no_grad():
        [part.zero_() for part in still.parameters()]
    assert torch.allclose(still.log_prob([[0.3]]), normal.log_prob(torch.tensor([0.3]).double()))
