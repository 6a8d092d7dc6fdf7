"""Lesson 05: its three posteriors, the flows that are trained side by side, and what was stored."""

import math

import pytest
import torch
from scipy import integrate

from course_lib.distributions import log_density
from course_lib.lessons.n05_flows_in_vaes import runs
from course_lib.lessons.n05_flows_in_vaes.live_flow import LiveFlow
from course_lib.lessons.n05_flows_in_vaes.targets import TARGETS, plane
from course_lib.variational import cell_log_prob


@pytest.fixture(scope="module")
def archive():
    return runs.stored()


@pytest.mark.parametrize("name", TARGETS)
def test_the_evidence_is_that_of_draws_from_the_prior(name):
    target = TARGETS[name]
    z = torch.randn(400_000, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    w = target.log_likelihood(z).exp()
    error = float(w.std() / w.mean()) / math.sqrt(len(w))
    assert math.isclose(float(w.mean().log()), target.log_evidence(), abs_tol=5 * error)


def test_the_evidence_of_the_ring_is_an_integral_over_the_radius():
    def weight(r):
        return (
            r
            * math.exp(-(r**2) / 2)
            * math.exp(-((r - 2) ** 2) / (2 * 0.15**2))
            / (0.15 * math.sqrt(2 * math.pi))
        )

    exact = math.log(integrate.quad(weight, 0, 6, points=[2])[0])
    assert math.isclose(TARGETS["ring"].log_evidence(), exact, abs_tol=1e-6)


def test_a_posterior_has_mass_one_and_rows_of_the_second_number():
    density = TARGETS["banana"].posterior(201)
    cell = (6.4 / 200) ** 2
    assert math.isclose(float(density.sum()) * cell, 1, abs_tol=1e-3)
    peak = plane(201).reshape(-1, 2)[density.argmax()]
    # On the banana's line z₂ = 0.8 z₁² - 1 the prior is largest where z₁² = 15/32; the noise moves that by little.
    assert abs(abs(float(peak[0])) - math.sqrt(15 / 32)) < 0.05 and abs(float(peak[1]) + 0.625) < 0.1


def test_flows_side_by_side_are_those_that_are_trained_alone(monkeypatch):
    monkeypatch.setattr(runs, "STEPS", 8)
    flock = runs.fit_flock("ring", 2).release()
    alone = runs.fit_flow(TARGETS["ring"], 2, 1, steps=8, progress=False)
    for one, other in zip(flock[1].parameters(), alone.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-5)  # single precision, summed in another order


def test_the_stored_gap_is_that_of_the_stored_weights(archive):
    flow = runs.build(4)
    flow.load_state_dict({key: torch.as_tensor(archive["weights/" + key]) for key in flow.state_dict()})
    z, log_q = runs.draws(flow, 20_000, seed=5)
    gain = TARGETS["banana"].log_joint(z) - log_q
    error = float(gain.std()) / math.sqrt(len(z))
    gap = TARGETS["banana"].log_evidence() - float(gain.mean())
    assert abs(gap - archive["banana/4/gap"][0]) < 5 * error + 5 * archive["banana/4/error"][0]
    assert torch.allclose(flow.log_prob(z).double(), log_q, atol=1e-3)


def test_no_bound_exceeds_the_evidence_and_one_island_costs_log_two(archive):
    for name in TARGETS:
        assert archive[f"{name}/gaussian_gap"] > 0
        for couplings in runs.COUPLINGS:
            assert (archive[f"{name}/{couplings}/gap"] > -4 * archive[f"{name}/{couplings}/error"]).all()
    alone = archive["islands/8/left"] < 0.01
    assert alone.any() and abs(archive["islands/8/gap"][alone] - math.log(2)).max() < 0.01


def test_stored_pictures_have_mass_one(archive):
    for name, target in TARGETS.items():
        top = float(target.posterior(401).max())
        for couplings in runs.COUPLINGS:
            mass = (
                archive[f"{name}/{couplings}/density"].astype(float).sum((1, 2)) / 255 * top * (6.4 / 63) ** 2
            )
            # What is denser than the posterior's maximum is cut; on one island that is up to half.
            assert (mass > 0.5).all() and (mass < 1.03).all()


@pytest.mark.parametrize("components", [1, 3])
def test_the_exact_fit_is_the_best_and_each_bound_is_below_its_truth(archive, components):
    level = torch.arange(8.0, dtype=torch.float64)
    best = {}
    for noise in ("exact", "uniform", "logit-normal"):
        parts = [
            torch.as_tensor(archive[f"levels/{noise}/{components}/{key}"])
            for key in ("logits", "mean", "log_std")
        ]
        truth = []
        for logits, mean, log_std in zip(*parts, strict=True):
            law = torch.distributions.MixtureSameFamily(
                torch.distributions.Categorical(logits=logits),
                torch.distributions.Normal(mean, log_std.exp()),
            )
            truth.append(float(runs.LEVELS @ cell_log_prob(law, level)))
            own = runs.mixture_log_density(level[None], logits[None], mean[None], log_std[None])[0]
            assert torch.allclose(own, log_density(law, level), atol=1e-12)
        best[noise] = max(truth)
    assert best["exact"] >= max(best.values()) - 1e-6
    assert best["exact"] <= float(runs.LEVELS @ runs.LEVELS.log())


def test_a_live_flow_closes_its_gap_and_its_density_is_that_of_its_draws():
    def halves(z, network):
        kept, moved = z.chunk(2, -1)
        shift, raw = network(kept).chunk(2, -1)
        return kept, moved, shift, 2 * torch.tanh(raw / 2)

    def forward(z, network):
        kept, moved, shift, s = halves(z, network)
        return torch.cat([kept, moved * s.exp() + shift], -1), s.sum(-1)

    def inverse(x, network):
        kept, moved, shift, s = halves(x, network)
        return torch.cat([kept, (moved - shift) * (-s).exp()], -1), -s.sum(-1)

    flow = LiveFlow(forward, inverse)
    for _ in range(150):
        flow.step()
    assert flow.gap[-1] < 0.3 < flow.gap[0]
    density = flow.density().double() * (6.4 / 47) ** 2
    assert math.isclose(float(density.sum()), 1, abs_tol=0.05)
    right = float(density[:, 24:].sum())
    assert abs(float((flow.draws(4000)[:, 0] > 0).double().mean()) - right) < 0.05
    flow.target, flow.couplings = "ring", 2
    flow.step()
    assert flow.steps == 1 and len(flow.networks) == 2
