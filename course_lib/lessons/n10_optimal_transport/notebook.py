# %% [markdown]
# # 10 · Optimal transport
#
# *About two hours. Follows UL p.24-28; U17, "Optimal transport"; I21 and I24, "Wasserstein distance" and "Kantorovich-Rubinstein duality".*
#
# After this notebook you can
#
# - turn one distribution into another by hand, say what it costs, and see where a plan wastes something;
# - write the cheapest plan as a linear programme, and prove with prices that nothing cheaper exists;
# - say which of it needs a cost that is a distance, and what remains for other costs;
# - compute $W$ on a line without any programme, and for two Gaussians in closed form;
# - predict what $W$ sees that pointwise distances do not, what samples do to it in ten dimensions, and what entropy does to a plan.
#
# **Recap.** [Notebook 8](08_vanilla_gan_optimality.ipynb) compared the distribution of the data with that of a generator by the Jensen-Shannon divergence, which looks at the two
# densities at one and the same place. Here the *places* count: how far must mass travel? The lectures call the pair $\mu, \nu$ (UL), $\pi, p$ (I21, I24) or $P, Q$ (U17). We write
# $P$ and $Q$ throughout. [Notebook 11](11_wgan_disjoint_supports.ipynb) builds a GAN on what is found here.

# %% name="setup"
import itertools
import math
from functools import lru_cache

import numpy as np
import torch
from scipy import integrate, optimize, stats

from course_lib.claims import argue, convention, erratum, holds
from course_lib.divergences import emd, emd_dual, pairwise_distances, sinkhorn, wasserstein_1d
from course_lib.exercises import check, hint, owner, predict
from course_lib.lessons.n10_optimal_transport.earth import (
    closed_tours,
    clouds,
    comb,
    corners,
    draw_ways,
    five_and_five,
    nearest_first,
    on_a_line,
    one_shovel_more,
    write_matrix,
)
from course_lib.widgets import Choice, Panel, Slider, Toggle, explore

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)  # everything here is small: threads would only wait for each other


def as_numbers(answer):
    """What your function returned, as a float64 tensor."""
    return torch.as_tensor(answer, dtype=torch.float64)

# %% [markdown]
# ## 10.1 Earth as a matrix
#
# Three piles of earth lie at the places $x_1, x_2, x_3$, and four holes are to be filled at $y_1, \dots, y_4$. There are twenty shovels of earth in all. In shares of the whole, pile $i$ holds
# $p_i$ and hole $j$ takes $q_j$: two distributions $P$ and $Q$, with their masses on different points.
#
# UL p.25 puts the price of carrying a mass $w$ from $x$ to $y$ at $w\,d(x, y)$, where $d$ is a distance; ours is the Euclidean one. The price is *linear* in the mass, and a *distance*
# along the way. So it does not matter in how many portions the earth goes, nor in how many stages along the straight line:

# %% name="map"
PILES = torch.tensor([[0.0, 0.0], [2.0, 1.0], [4.0, 0.0]])
HOLES = torch.tensor([[1.0, 2.0], [3.0, 2.0], [0.0, -1.0], [4.0, 2.0]])
SHOVELS, WANTED = torch.tensor([10.0, 6, 4]), torch.tensor([5.0, 5, 6, 4])
p, q = SHOVELS / 20, WANTED / 20
cost = pairwise_distances(PILES, HOLES)

whole = 0.3 * float(cost[0, 3])
stages = PILES[0] + torch.linspace(0, 1, 21)[:, None] * (HOLES[3] - PILES[0])
steps = stages.diff(dim=0).norm(dim=1)
portions = sum(0.01 * float(step) for step in steps for _ in range(30))
print(f"with the squared distance, the 20 stages cost {0.3 * float((steps**2).sum()):.3f} instead of "
      f"{0.3 * float(cost[0, 3] ** 2):.3f}: there, halts on the way pay off")
print(f"with √w in the place of w, 30 portions cost {math.sqrt(30):.2f} times as much as one load")

# %% tags=["claim:ot-cost-linear"]
holds(
    "ot-cost-linear",
    ("w d(x₁, y₄) for w = 0.3", whole),
    ("30 portions of 0.01, each carried in 20 stages", portions),
)

# %% [markdown]
# A **plan** says how much goes from where to where: a matrix $w$ with $w_{ij}\ge0$, whose row $i$ sums to $p_i$ (all earth of the pile is split) and whose column $j$ sums to $q_j$ (what arrives is
# merged). Its cost is $\sum_{ij} w_{ij}\,d(x_i, y_j)$. Since the entries sum to 1, a plan is also a *joint distribution* of a pair $(X, Y)$ with the *marginals* $P$ and $Q$, a **coupling** of $P$ and $Q$,
# and its cost is $\mathbb E\,d(X, Y)$: the mean way of a shovel.
#
# We take the plan $w_{ij} = p_i q_j$, where $X$ and $Y$ are independent, and compute the expectation in another way: from the *distribution of the distance*, by
# $\mathbb E D = \int_0^\infty P(D > t)\,dt$, which holds for everything that is never negative.

# %% name="layers"
independent = torch.outer(p, q)
ways, order = cost.flatten().sort()
mass = independent.flatten()[order]
still_longer = 1 - torch.cat([torch.zeros(1), mass.cumsum(0)[:-1]])
layers = (still_longer * torch.diff(ways, prepend=torch.zeros(1))).sum()
print("marginals of the independent plan:", independent.sum(1).tolist(), independent.sum(0).tolist())

# %% tags=["claim:ot-weights-joint"]
holds(
    "ot-weights-joint",
    ("Σ w d, the independent plan", (independent * cost).sum()),
    ("E d(X, Y), as the area under P(d > t)", layers),
)

# %% name="tours"
TOURS = closed_tours(cost)
w_best, best_plan = emd(p, q, cost)
MAP = {"xlabel": "east", "ylabel": "north", "xlim": (-0.8, 4.8), "ylim": (-1.7, 2.8), "aspect": "equal"}
MATRIX = {"xlabel": "to hole j", "ylabel": "from pile i", "aspect": "equal", "legend": False}
CELLS = (0.5, 4.5, 0.5, 3.5)

# %% name="predict-cheapest" tags=["predict"]
predict(
    "10.cheapest",
    "The independent plan costs 2.548: on average a shovel travels that far. How far down can you bring "
    "the mean way with the sliders below?",
    number="mean way",
    answer=f"{float(w_best):.4f} is the least, {100 * (1 - float(w_best / layers)):.0f} % below the "
    "independent plan. It is reached when no cell of the right-hand matrix is negative any more.",
)

# %% name="edit" tags=["picture"]
def edit(view, w11, w12, w13, w21, w22, w23):
    plan = torch.zeros(3, 4)
    plan[0, :3], plan[1, :3] = torch.tensor([w11, w12, w13]), torch.tensor([w21, w22, w23])
    plan[:2, 3] = SHOVELS[:2] - plan[:2].sum(1)  # what is left goes to the last hole, ...
    plan[2] = WANTED - plan[:2].sum(0)  # ... and what is missing comes from the last pile
    more = one_shovel_more(plan, TOURS)
    draw_ways(view["map"], plan, PILES, HOLES)
    view["plan"].heatmap("plan", plan, extent=CELLS, cmap="signed", limits=(-16, 16), smooth=False)
    write_matrix(view["plan"], plan)
    shown = more.nan_to_num(posinf=0).clamp(-6, 6)
    view["more"].heatmap("more", shown, extent=CELLS, cmap="signed", limits=(-12, 12), smooth=False)
    write_matrix(view["more"], more, ".2f")
    wrong = int((plan < 0).sum())
    paid = float((plan * cost).sum() / 20)
    view.readout("a plan?", "yes" if wrong == 0 else f"no: {wrong} negative")
    view.readout("cost Σ w d / 20", paid if wrong == 0 else "–")
    view.readout("best tour saves, per shovel", max(0.0, -float(more.min())), ".3f")
    view.readout("cheaper by, at most", paid - float(w_best) if wrong == 0 else "–")


explore(
    edit,
    panels=[
        Panel("map", title="the ways, as thick as their load", **MAP, width=1.2),
        Panel("plan", title="shovels: the plan", **MATRIX),
        Panel("more", title="one shovel more here costs", **MATRIX),
    ],
    w11=Slider(0, 5, value=2, label="x₁ → y₁"),
    w12=Slider(0, 5, value=3, label="x₁ → y₂"),
    w13=Slider(0, 6, value=3, label="x₁ → y₃"),
    w21=Slider(0, 5, value=2, label="x₂ → y₁"),
    w22=Slider(0, 5, value=1, label="x₂ → y₂"),
    w23=Slider(0, 6, value=2, label="x₂ → y₃"),
    presets={"first come, first served": {"w11": 5, "w12": 5, "w13": 0, "w21": 0, "w22": 0, "w23": 6},
             "nearest first": {"w11": 0, "w12": 4, "w13": 6, "w21": 5, "w22": 1, "w23": 0},
             "the cheapest": {"w11": 4, "w12": 0, "w13": 6, "w21": 1, "w22": 5, "w23": 0}},
    size=(13, 4.4),
    alt="A map with three piles, four holes and the ways between them; the plan as a matrix; what one "
    "shovel more over each way would change.",
)

# %% [markdown]
# The last row and the last column follow from the others, since all sums are given: of twelve numbers you choose six. The right-hand matrix answers the question "and if one more shovel went this way?". It
# must be made up for: another way from the same pile gives one up, and so on round a closed **tour** until all sums are right. A negative number is a tour that saves. What such a tour changes is
# the *reduced cost* of the way: what the way itself costs, less what it spares elsewhere.
#
# The preset *nearest first* always takes the shortest way that is still open. It looks good, and is not the cheapest: being greedy early forces long ways at the end.
#
# ## 10.2 A linear programme
#
# The least cost over all plans is the **Wasserstein distance**, or *earth mover's distance*,
#
# $$W(P, Q) = \min_{w\ge0}\Bigl\{\sum_{ij} w_{ij}\,d(x_i, y_j) \;:\; \sum_j w_{ij} = p_i,\ \sum_i w_{ij} = q_j\Bigr\}.$$
#
# Everything in it is linear in $w$, which makes it a *linear programme*. Solvers want it with the unknowns in one long vector, and the conditions as $A\,w = b$.
#
# ### Exercise 10.1 · The programme
#
# The unknowns stand row by row: $w_{ij}$ at place $i\cdot m + j$, counted from 0, as `w.flatten()` has them. `hint("10.transport_programme")` gives a hint, and one more at each call.

# %% tags=["exercise:10.transport_programme"]
def transport_programme(weights_p, weights_q):
    """The marginals as equations A w = b.

    weights_p: shape (n,), weights_q: shape (m,). Returns the matrix A of shape (n + m, n * m), filled with
    0 and 1, and the vector b of shape (n + m,): first the n sums over rows, then the m sums over columns.
    """
    # region solution
    n, m = len(weights_p), len(weights_q)
    rows = torch.kron(torch.eye(n), torch.ones(1, m))
    columns = torch.kron(torch.ones(1, n), torch.eye(m))
    return torch.cat([rows, columns]), torch.cat([weights_p, weights_q])
    # endregion


transport_programme = check("10.transport_programme", transport_programme)

# %% name="corners"
A, b = (np.asarray(part) for part in transport_programme(p, q))
CORNERS = corners(A, b).reshape(-1, 3, 4)
corner_costs = (CORNERS * cost.numpy()).sum((1, 2))
CORNERS, corner_costs = CORNERS[corner_costs.argsort()], np.sort(corner_costs)
highs = optimize.linprog(cost.flatten(), A_eq=A, b_eq=b)
print(f"{len(CORNERS)} corners; the cheapest costs {corner_costs[0]:.6f}, the next {corner_costs[1]:.6f}, "
      f"the dearest {corner_costs[-1]:.6f}")
print("HiGHS finds\n", (20 * highs.x.reshape(3, 4)).round(9) + 0.0)

# %% tags=["claim:ot-split-move-merge"]
holds(
    "ot-split-move-merge",
    ("least Σ w d, by HiGHS on your equations", highs.fun),
    (f"the cheapest of all {len(CORNERS)} corners", corner_costs[0]),
)

# %% [markdown]
# The plans form a body with flat faces, and a linear function is least at a *corner* of it. A corner uses at most $n + m - 1 = 6$ ways, and no closed tour among them (along a tour one could shift mass
# both ways, and would not be at a corner). There are finitely many; we have listed all. (For ten piles and ten holes nobody lists them any more. A solver walks from corner to corner, along tours that save.)
#
# **The piles of I21.** On a line lie $P = (3, 2, 1, 4)$ shovels at the places 1 to 4, and $Q = (1, 2, 4, 3)$ are wanted. The slide moves 2 shovels from place 1 to 2, 2 from 2 to 3, and 1 from 4 to 3, pays
# $2 + 2 + 1 = 5$, and asks you to write down the plan. [Notebook 11](11_wgan_disjoint_supports.ipynb), section 11.4, lets you carry these piles. Here we look at the plans.

# %% name="piles"
PILE, GOAL = torch.tensor([3.0, 2, 1, 4]), torch.tensor([1.0, 2, 4, 3])
apart = (torch.arange(4.0)[:, None] - torch.arange(4.0)).abs()
pile_corners = torch.from_numpy(corners(*map(np.asarray, transport_programme(PILE, GOAL))).reshape(-1, 4, 4))
paid = (pile_corners * apart).sum((1, 2))
cheapest = pile_corners[paid < 5 + 1e-6]
short, far = cheapest[(cheapest * apart**2).sum((1, 2)).argsort()]
normalised, _ = emd(PILE / 10, GOAL / 10, apart)
for name, plan in (("by neighbours", short), ("straight on", far)):
    moves = [f"{int(plan[i, j])} from {i + 1} to {j + 1}" for i, j in (plan > 0).nonzero().tolist() if i != j]
    print(f"{name:14s} {', '.join(moves)}: cost {float((plan * apart).sum()):.0f}, squared "
          f"{float((plan * apart**2).sum()):.0f}")
print(f"{len(pile_corners)} corners, {len(cheapest)} of them cost 5; W of the distributions P/10 and Q/10 is "
      f"{float(normalised):.2f}")

# %% tags=["claim:emd-discrete-5"]
convention(
    "emd-discrete-5",
    ("2 + 2 + 1", 2 + 2 + 1),
    (f"the cheapest of all {len(pile_corners)} corners", paid.min()),
    under="shovels are counted: for the distributions P/10 and Q/10, W is 0.5; and a move ends at a "
    "neighbouring place (straight on, two moves do: 2 shovels from 1 to 3, and 1 from 4 to 3)",
)

# %% name="predict-plans" tags=["predict"]
predict(
    "10.plans",
    "How many plans turn these piles into the wanted ones for the least cost, 5?",
    choices=("one", "two", "infinitely many"),
    answer=f"Infinitely many: {len(cheapest)} corners cost 5, and so does every mixture of the two, since "
    "cost and sums are linear. What passes place 2 can stop there and push other earth on, or go straight "
    "on: the shovels are carried over the same stretches. With the squared distance stops pay, and one "
    "plan is left.",
)

# %% name="two-plans" tags=["picture"]
shares = torch.linspace(0, 1, 41)


def two_plans(view, t, power):
    plan = (1 - t) * short + t * far
    price = apart**power
    at = lambda plan: float((plan * price).sum())
    view["plan"].heatmap("plan", plan, extent=(0.5, 4.5, 0.5, 4.5), limits=(0, 5), smooth=False)
    write_matrix(view["plan"], plan, ".2g")
    line = torch.tensor([at((1 - s) * short + s * far) for s in shares.tolist()])
    view["cost"].curve("cost", shares, line, color="accent", label="cost of the mixture")
    everything = float((pile_corners * price).sum((1, 2)).min())
    view["cost"].hline("least", everything, color="p", label="least of all plans")
    view["cost"].scatter("here", [[t, at(plan)]], color="accent", size=10)
    view.readout("cost", at(plan), ".3f")
    view.readout("least cost", everything, ".3f")


explore(
    two_plans,
    panels=[
        Panel("plan", title="the mixture, in shovels", xlabel="to place", ylabel="from place", aspect="equal",
              legend=False),
        Panel("cost", title="cost along the mixtures", xlabel="t: share of the plan that goes straight on",
              ylabel="Σ w |x − y|ᵏ", xlim=(-0.03, 1.03), ylim=(0, 10), width=1.4),
    ],
    t=Slider(0.0, 1.0, step=0.05, value=0.0, label="t: goes straight on"),
    power=Slider.of([0.5, 1.0, 2.0], value=1.0, label="k: power of the distance"),
    size=(11, 4.4),
    alt="A mixture of two transport plans as a matrix, and its cost against the share: level for the "
    "distance, rising for its square, falling for its root.",
)

# %% tags=["claim:emd-transport-plan"]
print("rows: from places 1 to 4; left by neighbours, right straight on")
for left, right in zip(short.int().tolist(), far.int().tolist(), strict=True):
    print("  ", left, " ", right)
convention(
    "emd-transport-plan",
    ("cost of the plan by neighbours", (short * apart).sum()),
    ("cost of the plan that goes straight on", (far * apart).sum()),
    under="'the' plan is one of infinitely many: the two above, and all their mixtures; with the squared "
    "distance only the plan by neighbours is left",
)

# %% [markdown]
# ## 10.3 Squares that save
#
# How does one get from some plan to the cheapest? The shortest tours are squares. Take one unit from the ways $(i, j)$ and $(k, l)$, and send it over $(i, l)$ and $(k, j)$: all four sums stay, and the cost
# falls by $c_{ij} + c_{kl} - c_{il} - c_{kj}$ (from here on, $c_{ij}$ is the cost of a unit from $i$ to $j$, whatever it is). As many units can go as the smaller of $w_{ij}$ and $w_{kl}$.
#
# ### Exercise 10.2 · The square that saves most
#
# One step: find the square that saves most, *mass included*, and move everything that can move. Loops are fine. If no square saves anything, the plan comes back as it was.

# %% tags=["exercise:10.reroute"]
def reroute(plan, cost):
    """The plan after the best square; plan and cost of shape (n, m), returns shape (n, m).

    The argument itself must stay as it is: change a clone.
    """
    # region solution
    # All squares at once: the axes are i, j, k, l.
    moved = torch.minimum(plan[:, :, None, None], plan)
    saved = moved * (cost[:, :, None, None] + cost - cost[:, None, None, :] - cost.T[:, :, None])
    i, j, k, l = torch.unravel_index(saved.argmax(), saved.shape)
    new = plan.clone()
    if saved[i, j, k, l] > 1e-12:
        new[i, j] -= moved[i, j, k, l]
        new[k, l] -= moved[i, j, k, l]
        new[i, l] += moved[i, j, k, l]
        new[k, j] += moved[i, j, k, l]
    return new
    # endregion


reroute = check("10.reroute", reroute)

# %% name="greedy"
FIVE = torch.full((5,), 0.2)
excess = []
for seed in range(300):
    *_, c = five_and_five(seed)
    excess.append(float((nearest_first(FIVE, FIVE, c) * c).sum() / emd(FIVE, FIVE, c)[0]) - 1)
excess = np.array(excess)
dearer = (excess > 1e-9).mean()
print(f"nearest first on 300 maps: {excess.mean():.1%} too dear on average, {excess.max():.0%} at worst")

# %% name="predict-greedy" tags=["predict"]
predict(
    "10.greedy",
    "Five piles and five holes of equal mass, placed at random in a square. Nearest first: on how many of "
    "100 such maps is its plan not the cheapest?",
    number="maps of 100",
    answer=f"On about {100 * dearer:.0f} of 100 (300 maps were drawn). It is {excess.mean():.1%} too dear "
    f"on average, {excess.max():.0%} at worst. The picture below shows how few squares then help.",
)

# %% name="rerouting" tags=["picture"]
MAPS = [0, 1, 2, 3, 4, 5, 62, 44]  # the last two were searched for, the others not


@lru_cache(maxsize=64)
def rerouted(number, start):
    """The plans on the way: one square after the other, until none saves."""
    *_, c = five_and_five(MAPS[number])
    path = [nearest_first(FIVE, FIVE, c) if start == "nearest" else torch.eye(5) / 5]
    while len(path) < 30:
        new = as_numbers(reroute(path[-1], c))
        if float((new - path[-1]).abs().max()) < 1e-12:
            break
        path.append(new)
    return path


def draw_rerouting(view, number, start, squares):
    x, y, c = five_and_five(MAPS[number])
    path = rerouted(number, start)
    path = path + (7 - len(path)) * path[-1:]
    draw_ways(view["map"], path[squares], x, y, scale=12, names=False)
    best = float(emd(FIVE, FIVE, c)[0])
    costs = [float((one * c).sum()) for one in path]
    view["cost"].curve("cost", range(len(costs)), costs, color="accent", label=f"squares by {owner(reroute)}")
    view["cost"].scatter("here", [[squares, costs[squares]]], color="accent", size=10)
    view["cost"].hline("best", best, color="p", label="cheapest plan")
    view.readout("cost", costs[squares])
    view.readout("cheapest", best)
    last = "the cheapest plan" if costs[-1] < best + 1e-9 else f"{costs[-1] / best - 1:.1%} too dear"
    view.readout("when no square saves any more", last)


explore(
    draw_rerouting,
    panels=[
        Panel("map", title="the plan", xlabel="east", ylabel="north", xlim=(-0.05, 1.05), ylim=(-0.05, 1.05),
              aspect="equal"),
        Panel("cost", title="cost after each square", xlabel="squares", ylabel="mean way", xlim=(-0.3, 6.3),
              ylim=(0, 0.9), width=1.4),
    ],
    number=Slider(0, 7, value=0, label="map"),
    start=Choice({"nearest first": "nearest", "pile i to hole i": "diagonal"}, value="diagonal",
                 label="start"),
    squares=Slider(0, 6, value=0, label="squares", play=True),
    size=(11, 4.6),
    alt="Five piles and five holes with the ways of the plan, and the cost after each square, down to the "
    "cheapest plan or nearly so.",
)

# %% name="stuck"
ends = {}
for number, start in itertools.product(range(8), ("nearest", "diagonal")):
    *_, c = five_and_five(MAPS[number])
    ends[number, start] = float((rerouted(number, start)[-1] * c).sum() / emd(FIVE, FIVE, c)[0]) - 1
print(f"of 16 runs {sum(over < 1e-9 for over in ends.values())} end at the cheapest plan; the others:")
for (number, start), over in ends.items():
    if over > 1e-9:
        print(f"  map {number}, start '{start}': {over:.1%} too dear, and no square saves")

# %% [markdown]
# Squares mostly lead to the cheapest plan, and sometimes they get stuck: maps 6 and 7 were picked for it. Then it takes a longer tour to save anything. How could one *know* that a plan is the cheapest, without looking at all tours?
#
# ## 10.4 Prices
#
# A carrier offers to do the work. For each unit it asks $u_i$ at pile $i$ and $v_j$ at hole $j$; a price may be negative. We accept if nothing is dearer than carrying it ourselves:
#
# $$u_i + v_j \le c_{ij} \quad\text{for all } i, j.$$
#
# Whatever plan we had, the carrier then earns no more than the plan costs: $\sum_i p_i u_i + \sum_j q_j v_j = \sum_{ij} w_{ij}(u_i + v_j) \le \sum_{ij} w_{ij} c_{ij}$. (The first step only uses the sums of the plan.)
# So *every* price list is a proof that no plan is cheaper than the list is worth. The difference can be read off cell by cell, as $\sum_{ij} w_{ij}\,(c_{ij} - u_i - v_j)$.
#
# If the prices of the piles are fixed, the holes' best prices follow.
#
# ### Exercise 10.3 · The c-transform
#
# Given $u$, hole $j$ can ask the *smallest* of the rooms that the piles leave: $v_j = \min_i\,(c_{ij} - u_i)$. This is called the *c-transform* of $u$. A cost may be infinite: that way is closed.

# %% tags=["exercise:10.c_transform"]
def c_transform(potential, cost):
    """The highest prices of the holes, shape (m,); potential: shape (n,), finite; cost: shape (n, m)."""
    # region solution
    return (cost - potential[:, None]).min(dim=0).values
    # endregion


c_transform = check("10.c_transform", c_transform)

# %% name="predict-prices" tags=["predict"]
u_best = emd_dual(p, q, cost).potential_p
u_best = u_best - u_best[0]
worth = float(p @ u_best + q @ as_numbers(c_transform(u_best, cost)))
predict(
    "10.prices",
    "You set the three prices of the piles, the holes answer with their c-transform. How high can the list "
    f"be worth, when the cheapest plan costs {float(w_best):.4f}?",
    choices=("always clearly less", "exactly as much", "more, with clever prices"),
    answer="Exactly as much: never more, as the inequality above shows, and some prices reach it. At u = "
    f"({', '.join(f'{float(one):.3f}' for one in u_best)}) the list is worth {worth:.4f}. Adding the same "
    "number to all three changes nothing: the holes give it back.",
)

# %% name="three-prices" tags=["picture"]
CORNER = torch.tensor([[-1.0, 1, 1, -1, -1], [-1, -1, 1, 1, -1]])


def three_prices(view, u1, u2, u3, show):
    u = torch.tensor([u1, u2, u3], dtype=torch.float64)
    v = as_numbers(c_transform(u, cost))
    room = cost - u[:, None] - v
    view["room"].heatmap("room", -room, extent=CELLS, cmap="signed", limits=(-6, 6), smooth=False)
    write_matrix(view["room"], room.clamp(min=0), ".2f")
    if show:
        for i, j in (best_plan > 0).nonzero().tolist():
            x, y = j + 1 + 0.44 * CORNER[0], i + 1 + 0.44 * CORNER[1]
            view["room"].curve(f"used{i}{j}", x, y, color="accent", width=2.5)
    names = ["u₁", "u₂", "u₃", "v₁", "v₂", "v₃", "v₄"]
    view["prices"].bars("prices", names, torch.cat([u, v]), color=["p"] * 3 + ["q"] * 4, values=".2f")
    earned = float(p @ u + q @ v)
    view["worth"].bars("worth", ["worth", "W"], [earned, float(w_best)], color=["accent", "p"], values=".3f")
    view.readout("worth of the list", earned)
    view.readout("cheapest plan", float(w_best))
    view.readout("missing", float(w_best) - earned)
    view.readout("the best plan pays room for", float((best_plan * room).sum()))


explore(
    three_prices,
    panels=[
        Panel("prices", title="the price list", ylabel="price of a unit", ylim=(-4, 8), legend=False,
              width=1.3),
        Panel("room", title="room: c − u − v", **MATRIX),
        Panel("worth", title="worth", ylabel="for all of the earth", ylim=(-1, 2), legend=False, width=0.7),
    ],
    u1=Slider(-2.0, 2.0, step=0.05, value=0.0, label="u₁"),
    u2=Slider(-2.0, 2.0, step=0.05, value=1.0, label="u₂"),
    u3=Slider(-2.0, 2.0, step=0.05, value=0.5, label="u₃"),
    show=Toggle(False, label="frame the ways of the best plan"),
    presets={"all free": {"u1": 0.0, "u2": 0.0, "u3": 0.0},
             "nearly best": {"u1": 0.0, "u2": -0.8, "u3": -1.05, "show": True},
             "the same, 1 more each": {"u1": 1.0, "u2": 0.2, "u3": -0.05, "show": True}},
    size=(13, 4.4),
    alt="Bars of seven prices, the room that they leave on each way, and what the list is worth beside the "
    "cost of the cheapest plan.",
)

# %% [markdown]
# Frame the ways of the best plan: at the best prices the room is 0 on all of them. This is *complementary slackness*: a plan and a price list are both best exactly when the plan uses only ways without room.
# The best list need not be unique either: pile 3 and hole 4 trade with no one else, and one of them can take what the other gives up (move $u_3$).
#
# The room is also what is called the *reduced cost*: since $u$ and $v$ cancel along a tour, a tour changes the cost by the room on the ways that it adds to, less the room on those that it takes from.
#
# **Why the best list reaches the best plan (duality).** Take a cheapest plan $w$. Walk on the map: from pile $i$ to any hole $j$, which *adds* a unit and costs $+c_{ij}$; and from hole $j$ back to a pile $i$ with $w_{ij} > 0$,
# which *gives up* a unit and costs $-c_{ij}$. A closed walk is a tour, and no tour saves anything, or $w$ would not be the cheapest. So walking in circles never pays, and for each place there is a cheapest walk to it from pile 1 (each pile serves some hole, so each place can be reached).
# Let $D(\cdot)$ be its cost, and set $u_i = -D(\text{pile } i)$ and $v_j = D(\text{hole } j)$. Then
#
# - $D(\text{hole } j) \le D(\text{pile } i) + c_{ij}$, since one may walk over pile $i$. This says $u_i + v_j \le c_{ij}$: the prices keep the rule.
# - $D(\text{pile } i) \le D(\text{hole } j) - c_{ij}$ where $w_{ij} > 0$. This says $u_i + v_j \ge c_{ij}$: *no room where the plan carries something*.
#
# With no room on the used ways, the worth of the list is $\sum w_{ij}(u_i + v_j) = \sum w_{ij} c_{ij}$. That is the whole proof, and it is an algorithm, too.
#
# ### Exercise 10.4 · Prices that prove it (hard)
#
# Given a cheapest plan, find such prices. Any are accepted that keep the rule and leave no room on used ways.

# %% tags=["exercise:10.plan_prices"]
def plan_prices(plan, cost):
    """Prices u of shape (n,) and v of shape (m,) that prove this plan the cheapest.

    plan: shape (n, m), a cheapest plan, in which every row and column carries something; cost: shape (n, m).
    """
    # region solution
    u = torch.full((len(plan),), -torch.inf)
    u[0] = 0.0
    for _ in range(len(plan)):
        v = c_transform(u, cost)
        # A pile that serves a hole gets all that this hole leaves.
        u = torch.maximum(u, torch.where(plan > 0, cost - v, -torch.inf).max(dim=1).values)
    return u, c_transform(u, cost)
    # endregion


plan_prices = check("10.plan_prices", plan_prices)

# %% name="proofs"
largest = 0.0
for seed in range(40):
    rng = np.random.default_rng(seed)
    n, m = rng.integers(2, 9, size=2)
    a, b = (torch.from_numpy(rng.dirichlet(np.ones(size))) for size in (n, m))
    c = torch.from_numpy(rng.uniform(0, 1, (n, m)))
    value, plan = emd(a, b, c)
    u, v = (as_numbers(part) for part in plan_prices(plan, c))
    largest = max(largest, abs(float(a @ u + b @ v - value)))
print(f"40 random problems with arbitrary costs: worth and cost differ by at most {largest:.1e}")
u, v = (as_numbers(part) for part in plan_prices(best_plan, cost))
print("our map: u =", [round(float(one), 4) for one in u - u[0]], " v =",
      [round(float(one), 4) for one in v + u[0]])

# %% [markdown]
# So the cheapest plan and the best price list solve each other's problem,
#
# $$\min_{w}\sum_{ij} w_{ij} c_{ij} \;=\; \max_{u_i + v_j \le c_{ij}}\Bigl\{\sum_i p_i u_i + \sum_j q_j v_j\Bigr\},$$
#
# and this holds for *any* cost: with the random costs of the last cell there was no distance in sight.
#
# ## 10.5 One function instead of two price lists
#
# Let the cost be a distance $d$, and let piles and holes lie in one space. Then a c-transform, $v(y) = \min_i\,(d(x_i, y) - u_i)$, is a function on the whole space, and one that rises nowhere faster than the distance: each
# function under the minimum has slope at most 1, and so has the smallest of them. Such functions are called **1-Lipschitz**, $\Vert f\Vert_L \le 1$, which means $|f(x) - f(y)| \le d(x, y)$. With $f = -v$ one function serves both sides
# (notebook 11, section 11.4, has the three lines for it, and draws $f$ over the plane): this is the theorem of Kantorovich and Rubinstein,
#
# $$W(P, Q) = \sup_{\Vert f\Vert_L\le1}\bigl\{\mathbb E_P f - \mathbb E_Q f\bigr\}.$$
#
# For masses on seven points only the seven values of $f$ count (a function that is 1-Lipschitz there can be continued to the whole space), and the supremum is a linear programme of its own.

# %% name="seven-values"
def best_gap(slope, points, masses, distances):
    """The largest Σ masses f over f with |f_a - f_b| <= slope * distance, by HiGHS."""
    k = len(points)
    pairs = list(itertools.permutations(range(k), 2))
    rows, room = np.zeros((len(pairs), k)), np.zeros(len(pairs))
    for row, (one, other) in enumerate(pairs):
        rows[row, one], rows[row, other], room[row] = 1, -1, slope * float(distances[one, other])
    found = optimize.linprog(-np.asarray(masses), A_ub=rows, b_ub=room,
                             bounds=[(0, 0)] + [(None, None)] * (k - 1))
    return -found.fun


seven = torch.cat([PILES, HOLES])
signed = torch.cat([p, -q])
between = pairwise_distances(seven, seven)
gaps = {K: best_gap(K, seven, signed, between) for K in (0.1, 1.0, 5.0)}
for K, gap in gaps.items():
    print(f"K = {K:<4g} largest gap {gap:.6f}, divided by K {gap / K:.6f}")
between_cdfs = lambda t: abs(stats.cauchy.cdf(t) - stats.cauchy.cdf(t - 1))
cauchy = [integrate.quad(between_cdfs, -T, T, points=[0, 1])[0]
          for T in (100, 1000)]
moments = [2 * integrate.quad(lambda t: t * stats.cauchy.pdf(t), 0, T, limit=200)[0] for T in (100, 10_000)]
print(f"two Cauchy distributions at distance 1: W up to |t| = 100, 1000: {cauchy[0]:.3f}, {cauchy[1]:.4f}; "
      f"but E|X| up to |x| = 100 and 10,000: {moments[0]:.2f}, {moments[1]:.2f}")

# %% tags=["claim:kr-duality"]
convention(
    "kr-duality",
    ("largest E_P f − E_Q f, a programme for f", gaps[1.0]),
    ("cheapest of all corners, a list of plans", corner_costs[0]),
    under="E‖X‖ is finite under both distributions, as always on a compact space; else E f does not exist "
    "for f(x) = x, though W may: two Cauchy distributions at distance 1 have W = 1",
)

# %% [markdown]
# With $K$-Lipschitz functions everything is $K$ times as large: $f$ is allowed exactly when $f/K$ was. I24 prints it so, because a network's slope is bounded by *some* $K$ that one does not know.
#
# On a line the best function is simple. Let $F_P$ and $F_Q$ be the distribution functions. By parts, $\mathbb E_P f - \mathbb E_Q f = \int f'\,(F_Q - F_P)\,dx$: best is the slope $+K$ where $F_Q > F_P$ and $-K$ elsewhere, and
# then $\frac1K$ of the gap is $\int|F_P - F_Q|\,dx$.

# %% name="critic-functions"
line = torch.linspace(-8, 8, 1601)
spacing = float(line[1] - line[0])
bump = lambda m, s: torch.exp(-0.5 * ((line - m) / s) ** 2) / (s * math.sqrt(2 * math.pi))
two_bumps = bump(-2.0, 0.6) + bump(2.0, 0.6)
two_bumps = two_bumps / two_bumps.sum()


def critic_on_line(kind, K, P, Q):
    """Values on the line of a function with slope at most K."""
    if kind == "best":
        slopes = K * torch.sign((Q - P).cumsum(0))
        f = torch.cumsum(slopes, 0) * spacing
        return f - f[800]
    return {"x": K * line, "|x|": K * line.abs(), "sin": K * torch.sin(line)}[kind]

# %% name="predict-gap" tags=["predict"]
small = bump(0.0, 0.6) / bump(0.0, 0.6).sum()
shown = {kind: float((critic_on_line(kind, 1.0, two_bumps, small) * (two_bumps - small)).sum())
         for kind in ("x", "|x|", "sin", "best")}
predict(
    "10.gap",
    "P has two bumps, Q one bump between them. Which function of slope at most 1 shows the largest E_P f − "
    "E_Q f?",
    choices=("f(x) = x", "f(x) = |x|", "f(x) = sin x"),
    answer=f"|x|, with {shown['|x|']:.3f}: it is large at both bumps of P and small at Q, and here no "
    f"function of slope 1 does better (the best has {shown['best']:.3f}). x has {abs(shown['x']):.3f}, "
    f"since both means are 0, and sin x {abs(shown['sin']):.3f}: what it gains at one bump it loses at the "
    "other.",
)

# %% name="critics" tags=["picture"]
def draw_critics(view, kind, K, middle, spread):
    P, Q = two_bumps, bump(middle, spread) / bump(middle, spread).sum()
    f = critic_on_line(kind, K, P, Q)
    view["densities"].fill("P", line, P / spacing, color="p", alpha=0.35, label="P")
    view["densities"].curve("Q", line, Q / spacing, color="q", label="Q")
    view["cdf"].fill("area", line, P.cumsum(0), Q.cumsum(0), color="accent", alpha=0.3,
                     label="W is this area")
    view["cdf"].curve("P", line, P.cumsum(0), color="p", label="F of P")
    view["cdf"].curve("Q", line, Q.cumsum(0), color="q", label="F of Q")
    view["f"].curve("f", line, f, color="third", style="-", label="f")
    gap = float((f * (P - Q)).sum())
    area = float((P.cumsum(0) - Q.cumsum(0)).abs().sum()) * spacing
    view.readout("E_P f − E_Q f", gap)
    view.readout("divided by K", gap / K)
    view.readout("W, the area", area)


explore(
    draw_critics,
    panels=[
        Panel("densities", title="two distributions", xlabel="x", ylabel="density", xlim=(-6, 6),
              ylim=(0, 0.9)),
        Panel("cdf", title="distribution functions", xlabel="x", ylabel="probability of (−∞, x]",
              xlim=(-6, 6),
              ylim=(-0.02, 1.02)),
        Panel("f", title="a function of slope at most K", xlabel="x", ylabel="f(x)", xlim=(-6, 6),
              ylim=(-12, 12),
              legend=False),
    ],
    kind=Choice({"the best f": "best", "f(x) = K x": "x", "f(x) = K |x|": "|x|", "f(x) = K sin x": "sin"},
                value="x",
                label="f"),
    K=Slider.of([0.25, 0.5, 1.0, 2.0, 3.0], value=1.0, label="K"),
    middle=Slider(-4.0, 4.0, step=0.25, value=0.0, label="Q: mean"),
    spread=Slider(0.5, 2.0, step=0.1, value=0.6, label="Q: standard deviation"),
    size=(13, 4.2),
    alt="Two densities on a line, the area between their distribution functions, and a function whose mean "
    "differs as much as possible between them.",
)

# %% tags=["claim:kr-duality-k"]
convention(
    "kr-duality-k",
    ("(1/K) · largest gap for K = 5", gaps[5.0] / 5),
    ("W, by the network simplex", w_best),
    under="K > 0, and E‖X‖ is finite under both distributions; then the maximum is attained, as printed",
)

# %% [markdown]
# **What the slide forgets.** U17 prints this dual for the transport cost $T(P, Q) = \inf_\Gamma\mathbb E\,c(X, Y)$ with *any* cost $c$. The right-hand side does not contain $c$ at all. Take the squared distance on our map.

# %% name="squared"
squared_corners = (CORNERS * cost.numpy() ** 2).sum((1, 2))
dual = optimize.linprog(
    -np.concatenate([p, q]), A_ub=A.T, b_ub=cost.flatten() ** 2, bounds=[(None, None)] * 7
)
print(f"two price lists for the squared distance, by HiGHS: {-dual.fun:.6f}")

# %% tags=["claim:ot-dual-general-cost"]
erratum(
    "ot-dual-general-cost",
    ("sup over 1-Lipschitz f of E_P f − E_Q f", gaps[1.0]),
    ("T(P, Q) for c = d², the cheapest corner", squared_corners.min()),
    corrected="T(P, Q) = sup{E_P u + E_Q v : u(x) + v(y) ≤ c(x, y)}; one function, with 1-Lipschitz for "
    "the condition, does if c is a distance, and then T = W",
    corrected_left=("sup over two price lists, c = d²", -dual.fun),
)

# %% [markdown]
# ## 10.6 Other costs, and the line
#
# What does the infimum over $\Gamma$ give for other costs? One of them is an old friend. Let a unit cost 1 if it moves at all, and 0 if it stays: $c(x, y) = [x \ne y]$. Then the cheapest plan leaves at each place all that can stay,
# $\min(p_i, q_i)$, and $T$ is the *total variation*: half of the summed differences.

# %% name="any-move"
rng = np.random.default_rng(0)
a, b = (torch.from_numpy(rng.dirichlet(np.ones(8))) for _ in range(2))
any_move = emd(a, b, 1 - torch.eye(8))[0]

# %% tags=["claim:ot-cost-general"]
holds(
    "ot-cost-general",
    ("T for c = [x ≠ y], the cheapest plan", any_move),
    ("total variation, ½ Σ|p − q|", (a - b).abs().sum() / 2),
)

# %% [markdown]
# **On a line** nobody needs a programme. If two ways cross, uncross them: for $c = |x - y|^k$ with $k\ge1$ that never costs more. So a cheapest plan *keeps the order*: the leftmost earth goes to the leftmost hole. In other words, it joins *quantiles*:
# the place below which a share $s$ of $P$ lies goes to the place below which a share $s$ of $Q$ lies.
#
# ### Exercise 10.5 · The plan that keeps the order
#
# Write it for masses on a line. The places come in any order, and their numbers and masses differ, so that a pile may have to be split. Places may be without mass.

# %% tags=["exercise:10.monotone_plan"]
def monotone_plan(x, weights_x, y, weights_y):
    """The plan that keeps the order, shape (n, m): row i belongs to x[i] and column j to y[j], as given.

    x, weights_x: shape (n,); y, weights_y: shape (m,). No two places of one side are the same.
    """
    # region solution
    order_x, order_y = torch.argsort(x).tolist(), torch.argsort(y).tolist()
    left_x, left_y = weights_x.tolist(), weights_y.tolist()
    plan = torch.zeros(len(x), len(y))
    while order_x and order_y:
        i, j = order_x[0], order_y[0]
        moved = min(left_x[i], left_y[j])
        plan[i, j] += moved
        left_x[i] -= moved
        left_y[j] -= moved
        # Whoever has nothing left gives way to the next in line.
        (order_x if left_x[i] <= left_y[j] else order_y).pop(0)
    return plan
    # endregion


monotone_plan = check("10.monotone_plan", monotone_plan)

# %% name="line-functions"
EIGHT = torch.full((8,), 1 / 8)


def line_costs(seed, power):
    """Cost of the plan in order and of a cheapest plan, and that plan."""
    x, y = on_a_line(seed)
    price = (x[:, None] - y).abs() ** power
    least, plan = emd(EIGHT, EIGHT, price)
    return float((as_numbers(monotone_plan(x, EIGHT, y, EIGHT)) * price).sum()), float(least), plan


tried = [[line_costs(seed, power)[:2] for seed in range(40)] for power in (0.5, 1.0, 2.0)]
kept = [np.mean([in_order < least + 1e-9 for in_order, least in row]) for row in tried]

# %% name="predict-order" tags=["predict"]
predict(
    "10.order",
    "Eight piles and eight holes at random on a line. Is the plan that keeps the order still the cheapest "
    "if a way of length r costs √r?",
    choices=("yes, always", "sometimes", "hardly ever"),
    answer=f"Hardly ever: for √r it is the cheapest on {kept[0]:.0%} of 40 maps, for r on {kept[1]:.0%}, "
    f"for r² on {kept[2]:.0%}. If long ways are cheap, one long way and many short ones beat several of "
    "middle length: cheap plans have ways within ways.",
)

# %% name="order" tags=["picture"]
half_circle = torch.linspace(0, math.pi, 41)


def draw_order(view, power, which, seed):
    x, y = on_a_line(seed)
    in_order, least, cheapest_plan = line_costs(seed, power)
    plan = cheapest_plan if which == "cheapest" else as_numbers(monotone_plan(x, EIGHT, y, EIGHT))
    for i, j in (plan > 1e-9).nonzero().tolist():
        middle, radius = (x[i] + y[j]) / 2, (y[j] - x[i]).abs() / 2
        view["line"].curve(f"{i}{j}", middle + radius * half_circle.cos(), radius * half_circle.sin(),
                           color="third" if y[j] > x[i] else "fourth", style="-", alpha=0.8)
    view["line"].scatter("x", torch.stack([x, 0 * x], 1), color="p", size=9, label="piles")
    view["line"].scatter("y", torch.stack([y, 0 * y], 1), color="q", size=9, label="holes")
    view["cost"].bars("cost", ["in order", "cheapest"], [in_order, least], color=["accent", "p"],
                      values=".3f")
    view["line"].title(f"in order: by {owner(monotone_plan)}" if which != "cheapest" else "the cheapest plan")
    view.readout("in order", in_order)
    view.readout("cheapest", least)
    view.readout("in order is dearer by", f"{max(0.0, in_order / least - 1):.2%}")


explore(
    draw_order,
    panels=[
        Panel("line", title="the ways as arches", xlabel="place", ylabel="half the length", xlim=(-0.2, 10.2),
              ylim=(-0.3, 4), width=2),
        Panel("cost", title="mean of |x − y|ᵏ", ylabel="cost", ylim=(0, 3), legend=False),
    ],
    power=Slider.of([0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0], value=1.0, label="k: power of the distance"),
    which=Choice({"in order": "order", "the cheapest plan": "cheapest"}, value="cheapest", label="show"),
    seed=Slider(0, 9, value=3, label="map"),
    size=(12, 4.2),
    alt="Piles and holes on a line, joined by arches; below power one the cheapest plan has arches within "
    "arches.",
)

# %% [markdown]
# For $k = 1$ both are cheapest, although they may differ: while the earth travels to the right, it does not matter who overtakes whom.
#
# So on a line $W(P, Q) = \int_0^1 |F_P^{-1}(s) - F_Q^{-1}(s)|\,ds$, where $F^{-1}$ is the quantile function, and turned on its side this is the area $\int|F_P - F_Q|\,dx$ of section 10.5. This also works for densities,
# where a plan is no matrix any more. The *infimum over all couplings* becomes a limit of programmes: cut both distributions into cells, and let the cells shrink. We try $P$ uniform on $[0, 1]$, and $Q$ with the
# density $2y$ there; the area is $\int_0^1 (x - x^2)\,dx = \frac16$.

# %% name="limit-of-programmes"
def cut(cells):
    """The cheapest plan between both distributions, cut into cells."""
    centres = (torch.arange(cells) + 0.5) / cells
    edges = torch.linspace(0, 1, cells + 1)
    return float(emd(edges.diff(), (edges**2).diff(), pairwise_distances(centres, centres))[0])


for cells_ in (4, 20, 100):
    print(f"{cells_:4d} cells: {cut(cells_):.6f}")
area = integrate.quad(lambda t: abs(t - t**2), 0, 1)[0]

# %% tags=["claim:wasserstein-primal"]
holds(
    "wasserstein-primal",
    ("least mean way over all plans, 200 cells", cut(200)),
    ("area between the distribution functions", area),
    tol=1e-5,
    digits=4,
)

# %% [markdown]
# ## 10.7 Gaussians
#
# Let $P = \mathcal N(0, 1)$ and $Q = \mathcal N(m, s^2)$. The quantile of $P$ at some level is a number $z$; that of $Q$ at the same level is $m + sz$. So $W(P, Q) = \mathbb E\,|m + (s-1)\,z|$ over a standard normal $z$.
# (The mean *square* of the same way gives $W_2^2 = m^2 + (s-1)^2$, of which [notebook 14](14_fid.ipynb) makes the FID.)
#
# ### Exercise 10.6 · W between two Gaussians
#
# Write $W$ in closed form. The mean of $|m + d z|$ is known as that of a *folded normal distribution*; with $d > 0$ it is $d\sqrt{2/\pi}\,e^{-m^2/2d^2} + m\,\mathrm{erf}\bigl(m/(d\sqrt2)\bigr)$. Mind the case $s = 1$.

# %% tags=["exercise:10.gaussian_w1"]
def gaussian_w1(mean, std):
    """W between N(0, 1) and N(mean, std^2), entry by entry; mean, std and what is returned: shape (k,)."""
    # region solution
    d = (std - 1).abs()
    safe = torch.where(d > 0, d, 1.0)
    z = mean / safe
    folded = safe * math.sqrt(2 / math.pi) * torch.exp(-(z**2) / 2) + mean * torch.erf(z / math.sqrt(2))
    return torch.where(d > 0, folded, mean.abs())
    # endregion


gaussian_w1 = check("10.gaussian_w1", gaussian_w1)

# %% name="gaussians" tags=["picture"]
levels = (torch.arange(400) + 0.5) / 400
standard = torch.special.ndtri(levels)
spreads = torch.linspace(0.1, 3, 117)


def gaussians(view, m, s):
    x = torch.linspace(-8, 8, 321)
    view["cdf"].fill("area", x, torch.special.ndtr(x), torch.special.ndtr((x - m) / s), color="accent",
                     alpha=0.3,
                     label="W is this area")
    view["cdf"].curve("P", x, torch.special.ndtr(x), color="p", label="F of N(0, 1)")
    view["cdf"].curve("Q", x, torch.special.ndtr((x - m) / s), color="q", label="F of N(m, s²)")
    view["quantiles"].curve("one", [-4, 4], [-4, 4], color="muted", style=":", label="stay in place")
    view["quantiles"].curve("way", standard, m + s * standard, color="third", style="-",
                            label="z goes to m + s z")
    both = torch.stack([torch.full_like(spreads, m), spreads])
    view["w"].curve("w", spreads, as_numbers(gaussian_w1(*both)), color="p",
                    label=f"W, by {owner(gaussian_w1)}")
    view["w"].curve("w2", spreads, (m**2 + (spreads - 1) ** 2).sqrt(), color="fourth", label="W₂")
    found = float(as_numbers(gaussian_w1(torch.tensor([m]), torch.tensor([s])))[0])
    view["w"].scatter("here", [[s, found]], color="accent", size=9)
    view.readout("W, closed form", found)
    view.readout("W, mean over 400 quantiles", float((m + (s - 1) * standard).abs().mean()), ".4f")
    view.readout("W₂", math.sqrt(m**2 + (s - 1) ** 2))


explore(
    gaussians,
    panels=[
        Panel("cdf", title="distribution functions", xlabel="x", ylabel="probability of (−∞, x]",
              xlim=(-6, 6),
              ylim=(-0.02, 1.02)),
        Panel("quantiles", title="the plan joins quantiles", xlabel="from z", ylabel="to", xlim=(-3, 3),
              ylim=(-6, 6)),
        Panel("w", title="against the spread of Q", xlabel="s", ylabel="length", xlim=(0, 3), ylim=(0, 4)),
    ],
    m=Slider(-3.0, 3.0, step=0.1, value=0.5, label="m: mean of Q"),
    s=Slider(0.1, 3.0, step=0.05, value=2.0, label="s: standard deviation of Q"),
    size=(13, 4.2),
    alt="The distribution functions of two Gaussians with the area between them, the line that sends "
    "quantiles to quantiles, and W and W₂ against the spread.",
)

# %% [markdown]
# **U17 asks**: both distributions are $\mathcal N(0, 1)$. Which coupling $\Gamma$ costs least? Couplings there are many: for each correlation $\rho$ between $-1$ and 1 the pair may have the joint density
#
# $$\gamma(x, y) = \frac{1}{2\pi\sqrt{1-\rho^2}}\exp\Bigl\{-\frac{x^2 - 2\rho xy + y^2}{2(1-\rho^2)}\Bigr\},$$
#
# and both marginals are $\mathcal N(0, 1)$: $\int\gamma(x, y)\,dx = p(y)$, whatever $\rho$ is.

# %% tags=["claim:coupling-marginals"]
def joint_density(x, y, rho):
    square = (x**2 - 2 * rho * x * y + y**2) / (2 * (1 - rho**2))
    return math.exp(-square) / (2 * math.pi * math.sqrt(1 - rho**2))


convention(
    "coupling-marginals",
    ("∫ γ(x, y) dx at y = 0.5, for ρ = 0.8",
     integrate.quad(lambda x: joint_density(x, 0.5, 0.8), -12, 12)[0]),
    ("p(0.5)", stats.norm.pdf(0.5)),
    under="γ has a density; a coupling on a curve, such as Y = X, has none, and its marginals are the "
    "probabilities γ(A × all y) = π(A) and γ(all x × B) = p(B)",
)

# %% name="predict-identical" tags=["predict"]
predict(
    "10.identical",
    "X and Y are both N(0, 1). Which ρ makes the mean way E|X − Y| least, and how long is it for "
    "independent X and Y?",
    choices=("ρ = 0, and it is 0 there", "ρ = 1, and at ρ = 0 it is about 1.13",
             "ρ = −1, and at ρ = 0 it is about 1.60"),
    answer="ρ = 1: then Y = X, and nothing moves. X − Y is N(0, 2 − 2ρ), so E|X − Y| = 2√((1 − ρ)/π): "
    f"{0:.0f} at ρ = 1, {2 / math.sqrt(math.pi):.4f} at ρ = 0, {2 * math.sqrt(2 / math.pi):.4f} at ρ = −1. "
    "To draw from both and compare pairs is no transport.",
)

# %% name="identical" tags=["picture"]
pair_noise = torch.randn(300, 2, generator=torch.Generator().manual_seed(0))
correlations = torch.linspace(-1, 1, 201)
POWERS = {1: lambda rho: 2 * ((1 - rho) / math.pi).sqrt(), 2: lambda rho: 2 - 2 * rho}


def identical(view, rho, power):
    x = pair_noise[:, 0]
    y = rho * x + math.sqrt(1 - rho**2) * pair_noise[:, 1]
    view["pairs"].curve("stay", [-4, 4], [-4, 4], color="muted", style=":", label="y = x: stays in place")
    view["pairs"].scatter("pairs", torch.stack([x, y], 1), color="third", size=4, label="pairs (X, Y)")
    grid = torch.linspace(-4, 4, 161)
    normal = torch.exp(-(grid**2) / 2) / math.sqrt(2 * math.pi)
    heights, edges = np.histogram(y, bins=16, range=(-4, 4), density=True)
    view["marginal"].curve("Y", edges.repeat(2), np.concatenate([[0], heights.repeat(2), [0]]), color="q",
                           style="-",
                           label="Y, 300 draws")
    view["marginal"].curve("N", grid, normal, color="p", label="N(0, 1)")
    view["cost"].curve("cost", correlations, POWERS[power](correlations), color="accent",
                       label="mean of |X − Y|ᵏ")
    now = float(POWERS[power](torch.tensor(rho)))
    view["cost"].scatter("now", [[rho, now]], color="accent", size=10)
    view.readout("cost, closed form", now)
    view.readout("cost, mean of 300 pairs", float(((x - y).abs() ** power).mean()))


explore(
    identical,
    panels=[
        Panel("pairs", title="a coupling", xlabel="x", ylabel="y", xlim=(-4, 4), ylim=(-4, 4),
              aspect="equal"),
        Panel("marginal", title="the marginal of Y stays", xlabel="y", ylabel="density", xlim=(-4, 4),
              ylim=(0, 0.6)),
        Panel("cost", title="cost", xlabel="ρ", ylabel="mean of |x − y|ᵏ", xlim=(-1.05, 1.05),
              ylim=(-0.1, 4.1)),
    ],
    rho=Slider(-1.0, 1.0, step=0.05, value=0.0, label="ρ"),
    power=Slider.of([1, 2], value=1, label="k: power of the distance"),
    size=(13, 4.4),
    alt="Pairs of standard normal numbers with a correlation, the marginal that does not change, and the "
    "mean way, which falls to zero at correlation one.",
)

# %% name="diagonal"
grid = torch.linspace(-4, 4, 81)
normal_masses = torch.softmax(-0.5 * grid**2, 0)
value, plan = emd(normal_masses, normal_masses, pairwise_distances(grid, grid))
print(f"N(0, 1) on 81 cells to itself: T = {float(value):.1e}")

# %% tags=["claim:ot-identical-gaussians"]
convention(
    "ot-identical-gaussians",
    ("the answer: all mass on X = Y", 1.0),
    ("mass on the diagonal of the cheapest plan", plan.diagonal().sum()),
    under="c(x, x) = 0 and c(x, y) > 0 elsewhere, as for the slide's ‖x − y‖: then Γ with Y = X costs 0, "
    "and nothing else does",
)

# %% [markdown]
# ## 10.8 What W sees, and what it costs to see it
#
# UL p.27 sets $W$ against distances that compare two densities place by place: $\max_x|f - g|$ and $\int|f - g|\,dx$. Take a comb with $n$ teeth on $[0, 1]$, and the same comb moved by $s$.

# %% name="comb-functions"
def comb_distances(n, s):
    """max|f - g| and the integral of |f - g|, on a grid of cells that no edge of a tooth cuts; and W."""
    width = 1 / 4096
    x = (torch.arange(-4096, 3 * 4096) + 0.5) * width
    f, g = comb(x, n), comb(x - s, n)
    difference = (f - g).abs()
    area = ((f - g).cumsum(0) * width).abs().sum() * width
    return float(difference.max()), float(difference.sum() * width), float(area)


TEETH = [1, 2, 4, 8, 16, 32]
SHIFTS = [k / 64 for k in range(129)]
comb_table = {n: np.array([comb_distances(n, s) for s in SHIFTS]) for n in TEETH}

# %% name="predict-combs" tags=["predict"]
predict(
    "10.combs",
    "A comb with 32 teeth is moved by s = 1/64, the width of one tooth. What do the three distances say?",
    choices=("all three are small", "max and ∫ are as large as they get, W is 1/64",
             "max is large, ∫ and W are small"),
    answer=f"max|f − g| = {comb_table[32][1][0]:g} and ∫|f − g| = {comb_table[32][1][1]:g}, as large as "
    f"they get, while W = {comb_table[32][1][2]:.4f} = 1/64. Moved by twice that, the teeth meet again: ∫ "
    f"falls to {comb_table[32][2][1]:.3f} (the two teeth at the ends), max stays {comb_table[32][2][0]:g}, "
    f"and W doubles to {comb_table[32][2][2]:.4f}.",
)

# %% name="combs" tags=["picture"]
def combs(view, n, s):
    x = torch.linspace(-0.05, 3.05, 1986)
    view["densities"].fill("f", x, comb(x, n), color="p", alpha=0.4, label="f")
    view["densities"].fill("g", x, comb(x - s, n), color="q", alpha=0.4, label="g: moved by s")
    for column, (name, color) in enumerate((("max|f − g|", "third"), ("∫|f − g|", "fourth"), ("W", "p"))):
        view["distances"].curve(name, SHIFTS, comb_table[n][:, column], color=color, label=name,
                                style="-." if column == 0 else "-", width=1.0 if column == 1 else 2.0)
        here = comb_table[n][SHIFTS.index(s), column]
        view["distances"].scatter(f"now {name}", [[s, here]], color=color, size=8)
        view.readout(name, float(here), ".4f")


explore(
    combs,
    panels=[
        Panel("densities", title="two combs", xlabel="x", ylabel="density", xlim=(-0.05, 3.05), ylim=(0, 2.6),
              width=1.3),
        Panel("distances", title="distances against the shift", xlabel="s", ylabel="max, ∫; W in units of x",
              xlim=(-0.02, 2.02), ylim=(-0.05, 2.2)),
    ],
    n=Slider.of(TEETH, value=4, label="n: teeth"),
    s=Slider.of(SHIFTS, value=0.125, label="s: shift", format=".3f"),
    presets={"one tooth's width": {"n": 32, "s": 1 / 64}, "disjoint": {"n": 1, "s": 1.0},
             "twice as far": {"n": 1, "s": 2.0}},
    size=(12, 4.2),
    alt="Two combs of density on a line, one moved; pointwise distances jump up and down with the shift, W "
    "grows in proportion to it.",
)

# %% tags=["claim:w-pointwise-contrast"]
near, far_off = (comb_distances(1, s) for s in (1.0, 2.0))
print(f"from the shift 1 to 2: max|f − g| {near[0]:g} and {far_off[0]:g}, ∫|f − g| {near[1]:g} and "
      f"{far_off[1]:g}, W {near[2]:.4f} and {far_off[2]:.4f}")
holds(
    "w-pointwise-contrast",
    ("disjoint supports, ∫|f − g| grows by", far_off[1] - near[1]),
    ("from shift 1 to shift 2, W grows by", far_off[2] - near[2]),
    relation="<",
)

# %% [markdown]
# $W = s$ for every comb: the shape does not matter, only how far it went. That is what "fits distributions that look alike" means. It cuts both ways: two combs that interlock are nearly the same to $W$, however sharp their teeth.
#
# **From samples.** Usually one has no densities but $n$ draws from each distribution, and computes $W$ between the two clouds of points. The clouds of *one and the same* distribution are not equal. On a line their $W$ falls like $1/\sqrt n$. In
# $d > 2$ dimensions it falls only like $n^{-1/d}$: in ten dimensions the nearest of a few hundred points is far away.

# %% name="sample-table"
SIZES, DIMENSIONS, SHIFT_GRID = [25, 50, 100, 200, 400], [1, 2, 10], [0.0, 0.5, 1.0, 2.0, 3.0, 4.0]


def sample_w(n, d, m):
    """W between n draws of N(0, I) and n draws of N((m, 0, ...), I) in d dimensions."""
    x, y = clouds(n, d, m)
    if d == 1:
        return float(wasserstein_1d(x[:, 0], y[:, 0]))
    return float(emd(torch.full((n,), 1 / n), torch.full((n,), 1 / n), pairwise_distances(x, y))[0])


sample_table = {(n, d): [sample_w(n, d, m) for m in SHIFT_GRID] for n in SIZES for d in DIMENSIONS}
print("W between two samples of N(0, I); the truth is 0")
print("   n   " + "".join(f"   d = {d:<3d}" for d in DIMENSIONS))
for n in SIZES:
    print(f"{n:5d}  " + "".join(f"{sample_table[n, d][0]:10.3f}" for d in DIMENSIONS))
print("100 points in ten dimensions, means 0, 1, 2, 4 apart:",
      ", ".join(f"{sample_table[100, 10][SHIFT_GRID.index(m)]:.2f}" for m in (0.0, 1.0, 2.0, 4.0)))

# %% name="predict-samples" tags=["predict"]
apart_in_ten = 2 * math.gamma(5.5) / math.gamma(5)
predict(
    "10.samples",
    "Two samples of 400 points each, both from N(0, I) in ten dimensions. What is W between them? (The "
    f"distance of the distributions is 0; two independent points are {apart_in_ten:.1f} apart on average.)",
    number="W",
    answer=f"{sample_table[400, 10][0]:.2f}, and {sample_table[25, 10][0]:.2f} with 25 points: sixteen "
    f"times the sample takes off only {1 - sample_table[400, 10][0] / sample_table[25, 10][0]:.0%}. On a "
    f"line the same numbers are {sample_table[400, 1][0]:.3f} and {sample_table[25, 1][0]:.3f}.",
)

# %% name="samples" tags=["picture"]
def draw_samples(view, d, n, m):
    x, y = clouds(n, d, m)
    second = (lambda points: points[:, 1]) if d > 1 else (lambda points: torch.zeros(len(points)))
    view["clouds"].scatter("x", torch.stack([x[:, 0], second(x)], 1), color="p", size=4, label="sample of P")
    view["clouds"].scatter("y", torch.stack([y[:, 0], second(y)], 1), color="q", size=4, label="sample of Q")
    view["w"].curve("truth", [0, 4], [0, 4], color="muted", label="W of the distributions")
    view["w"].curve("samples", SHIFT_GRID, sample_table[n, d], color="accent", label="W of the samples")
    here = sample_table[n, d][SHIFT_GRID.index(m)]
    view["w"].scatter("here", [[m, here]], color="accent", size=9)
    view.readout("W of the samples", here)
    view.readout("W of the distributions", m)


explore(
    draw_samples,
    panels=[
        Panel("clouds", title="the first two coordinates", xlabel="x₁", ylabel="x₂ (0 on a line)",
              xlim=(-4, 8),
              ylim=(-4, 4)),
        Panel("w", title="W against the distance of the means", xlabel="m: distance of the means", ylabel="W",
              xlim=(-0.1, 4.1), ylim=(-0.1, 5.6)),
    ],
    d=Slider.of(DIMENSIONS, value=10, label="d: dimensions"),
    n=Slider.of(SIZES, value=100, label="n: points in each sample"),
    m=Slider.of(SHIFT_GRID, value=0.0, label="m: distance of the means"),
    size=(12, 4.4),
    alt="Two clouds of points, and the Wasserstein distance of the samples against the distance of the "
    "means: in ten dimensions it starts far above zero.",
)

# %% [markdown]
# In ten dimensions a difference of means hides on this floor: the last line of the table shows how little of a distance of 1 is seen. A WGAN does not compute this $W$ of two small samples to the end: its critic is a network that is smooth between the points, and changes with every batch
# (notebook 11).
#
# ## 10.9 A plan with entropy
#
# The cheapest plan jumps from corner to corner when the cost changes a little, and for many points it takes long to find. *Entropic transport* (Cuturi 2013) makes order cost something. It minimises
#
# $$\sum_{ij} w_{ij} c_{ij} + \varepsilon\,\mathrm{KL}(w\Vert p\,q^\top), \qquad \mathrm{KL}(w\Vert pq^\top) = \sum_{ij} w_{ij}\log\frac{w_{ij}}{p_i q_j} ,$$
#
# with natural logarithms, so that KL is counted in *nats*; the independent plan $p_iq_j$ has none. Setting the derivatives to 0 shows what the best plan looks like: $w_{ij} = p_i q_j \exp\{(f_i + g_j - c_{ij})/\varepsilon\}$ with prices $f$ and $g$ that make the sums right. *Sinkhorn's algorithm* makes the columns
# right, then the rows, and so on.
#
# ### Exercise 10.7 · One step of Sinkhorn's algorithm
#
# From $f$, find the $g$ that makes all *columns* sum to $q_j$; from this $g$, the new $f$ that makes all *rows* sum to $p_i$. Stay in logarithms: for $\varepsilon = 0.001$, $e^{-c/\varepsilon}$ is 0 on a computer.

# %% tags=["exercise:10.sinkhorn_step"]
def sinkhorn_step(f, log_p, log_q, cost, epsilon):
    """The new f, shape (n,), and the g, shape (m,), that it was made from.

    f: shape (n,). log_p: (n,), log_q: (m,): logarithms of the weights. cost: (n, m). epsilon: a float.
    """
    # region solution
    g = -epsilon * torch.logsumexp(log_p[:, None] + (f[:, None] - cost) / epsilon, dim=0)
    f = -epsilon * torch.logsumexp(log_q + (g - cost) / epsilon, dim=1)
    return f, g
    # endregion


sinkhorn_step = check("10.sinkhorn_step", sinkhorn_step)

# %% [markdown]
# Compare it with the c-transform: it is the same with a *soft* minimum. For $\varepsilon\to0$ the minimum turns hard.

# %% name="sinkhorn-runs"
def steps_needed(epsilon):
    """Steps until the columns are right to 1e-6 in total (the rows are, after each step), and the plan."""
    f, wrong, count = torch.zeros(3), 1.0, 0
    while wrong > 1e-6 and count < 2000:
        f, g = (as_numbers(part) for part in sinkhorn_step(f, p.log(), q.log(), cost, epsilon))
        plan = torch.exp((f[:, None] + g - cost) / epsilon) * torch.outer(p, q)
        wrong, count = float((plan.sum(0) - q).abs().sum()), count + 1
    return count, plan


def entropy_cost(plan, weights_p=p, weights_q=q):
    """KL(plan || p q) in nats."""
    return float(torch.special.xlogy(plan, plan / torch.outer(weights_p, weights_q)).sum())


EPSILONS = [float(f"{10**k:.3g}") for k in np.linspace(-2, 2, 25)]
entropic = {epsilon: sinkhorn(p, q, cost, epsilon) for epsilon in EPSILONS}
for epsilon in (10.0, 1.0, 0.2, 0.1):
    count, plan = steps_needed(epsilon)
    print(f"ε = {epsilon:<4g} {count:5d} steps, cost {float((plan * cost).sum()):.4f}, objective "
          f"{float((plan * cost).sum()) + epsilon * entropy_cost(plan):.4f}")

# %% name="predict-entropy" tags=["predict"]
pile_limit = sinkhorn(PILE / 10, GOAL / 10, apart, 0.01)[1] * 10
predict(
    "10.entropy",
    "The piles of section 10.2 have infinitely many cheapest plans, the mixtures of two corners. Which of "
    "them does the entropic plan tend to when ε goes to 0?",
    choices=("the one by neighbours", "the one straight on", "the mixture, half and half"),
    answer="The mixture, half and half: the entropy still decides among plans of equal cost, and it likes "
    "mass spread out. At ε = 0.01 the shovels from place 1 to 1, 2, 3 are "
    f"{', '.join(f'{float(one):.3f}' for one in pile_limit[0, :3])}.",
)

# %% name="entropic" tags=["picture"]
PROBLEMS = {
    "map": (p, q, cost, w_best, 20),
    "piles": (PILE / 10, GOAL / 10, apart, normalised, 10),
}
entropic_runs = {("map", epsilon): entropic[epsilon] for epsilon in EPSILONS}
entropic_runs |= {("piles", epsilon): sinkhorn(PILE / 10, GOAL / 10, apart, epsilon) for epsilon in EPSILONS}
entropic_lines = {}
for name, (a, b, *_) in PROBLEMS.items():
    rows = [(float(entropic_runs[name, e][0]), entropy_cost(entropic_runs[name, e][1], a, b),
             e) for e in EPSILONS]
    entropic_lines[name] = [paid for paid, _, _ in rows], [paid + e * kl for paid, kl, e in rows]


def draw_entropic(view, problem, epsilon):
    a, b, c, least, shovels = PROBLEMS[problem]
    paid, plan = entropic_runs[problem, epsilon]
    n, m = c.shape
    view["plan"].heatmap("plan", plan * shovels, extent=(0.5, m + 0.5, 0.5, n + 0.5), limits=(0, 8),
                         smooth=False)
    write_matrix(view["plan"], plan * shovels, ".2f")
    view["cost"].curve("cost", EPSILONS, entropic_lines[problem][0], color="accent", label="cost Σ w c")
    view["cost"].curve("objective", EPSILONS, entropic_lines[problem][1], color="fourth", label="with ε KL")
    view["cost"].hline("least", float(least), color="p", label="W")
    view["cost"].hline("independent", float((torch.outer(a, b) * c).sum()), color="muted", style=":",
                       label="independent plan")
    view["cost"].scatter("here", [[epsilon, float(paid)]], color="accent", size=9)
    view.readout("cost", float(paid))
    view.readout("cost with ε KL", entropic_lines[problem][1][EPSILONS.index(epsilon)])
    view.readout("W", float(least))
    view.readout("KL(w ‖ pq), nats", entropy_cost(plan, a, b), ".4f")


explore(
    draw_entropic,
    panels=[
        Panel("plan", title="the plan, in shovels", xlabel="to", ylabel="from", aspect="equal", legend=False),
        Panel("cost", title="cost against ε", xlabel="ε", ylabel="cost", xlim=(0.008, 120), ylim=(0.3, 2.9),
              xscale="log", width=1.4),
    ],
    problem=Choice({"the map": "map", "the piles of I21": "piles"}, label="problem"),
    epsilon=Slider.of(EPSILONS, value=1.0, label="ε", format=".3g"),
    presets={"nearly no entropy": {"problem": "map", "epsilon": 0.01},
             "the piles, ε → 0": {"problem": "piles", "epsilon": 0.01},
             "nothing but entropy": {"problem": "map", "epsilon": 100.0}},
    size=(12, 4.4),
    alt="The entropic plan as a matrix, and its cost against epsilon, from the cheapest plan to the "
    "independent one.",
)

# %% [markdown]
# Two things to keep. The *cost* of the entropic plan lies between $W$ and that of the independent plan, and the *objective* lies above the cost: know which of the two a programme reports. And a distribution is not at distance 0 from itself any more. For $\mathcal N(0,1)$ to itself
# with the squared distance the entropic plan is Gaussian with the correlation $\rho = (\sqrt{1 + 4k^2} - 1)/2k$, $k = 2/\varepsilon$, and costs $2 - 2\rho$:

# %% name="entropic-gaussian"
for epsilon in (0.2, 1.0, 5.0):
    k = 2 / epsilon
    rho = (math.sqrt(1 + 4 * k**2) - 1) / (2 * k)
    paid, plan = sinkhorn(normal_masses, normal_masses, pairwise_distances(grid, grid, p=2), epsilon)
    print(f"ε = {epsilon:g}: ρ = {rho:.4f}, cost 2 − 2ρ = {2 - 2 * rho:.4f}; on 81 cells ρ = "
          f"{float((plan * torch.outer(grid, grid)).sum()):.4f}, cost {float(paid):.4f}")

# %% [markdown]
# ## 10.10 Where W stands among the others
#
# U17 calls $\sup_{f\in\mathcal F}|\mathbb E_P f - \mathbb E_Q f|$, for a class $\mathcal F$ of *bounded* functions, an **integral probability metric**. $W$ "is actually" one: with $f$ also $-f$ is 1-Lipschitz, so the bars change nothing. But
# $f(x) = x$, the best function for two Gaussians that differ by a shift, is not bounded. Cut it off at $\pm B$: it keeps its slope, and for large $B$ loses nothing.

# %% name="cut-off"
def cut_gap(B):
    """E_Q f - E_P f for f(x) = x, cut off at ±B, with P = N(0, 1) and Q = N(1, 1)."""
    f = lambda x: min(max(x, -B), B)
    mean = lambda m: integrate.quad(lambda x: f(x) * stats.norm.pdf(x - m), m - 12, m + 12, points=[-B, B],
                                    limit=200)[0]
    return mean(1) - mean(0)


print("gap of x, cut off at B = 1, 2, 4:", [round(cut_gap(B), 6) for B in (1, 2, 4)])

# %% tags=["claim:wasserstein-is-ipm"]
convention(
    "wasserstein-is-ipm",
    ("gap of the bounded f, cut off at B = 8", cut_gap(8.0)),
    ("W, the mean way between the quantiles", as_numbers(gaussian_w1(torch.ones(1), torch.ones(1)))[0]),
    under="F is the class of the bounded 1-Lipschitz functions, since the slide's definition allows "
    "bounded functions only; on an unbounded space the supremum is then approached, and need not be "
    "attained",
)

# %% [markdown]
# [Notebook 13](13_implicit_models.ipynb) compares it with other classes $\mathcal F$.
#
# UL p.24 puts the whole difference between the two kinds of GAN into what they minimise: JS, or $W$. For the GAN that is the value $\mathbb E_P\log D + \mathbb E_{P_g}\log(1 - D)$ *at the best discriminator*. We search for it over four places, without using its formula, and compare.

# %% name="gan-and-wgan"
data, model = torch.tensor([0.4, 0.3, 0.2, 0.1]), torch.tensor([0.1, 0.2, 0.3, 0.4])


def minus_value(logits):
    D = 1 / (1 + np.exp(-logits))
    return -float(np.sum(data.numpy() * np.log(D) + model.numpy() * np.log1p(-D)))


best_value = -optimize.minimize(minus_value, np.zeros(4), tol=1e-12).fun
kl_to = lambda a, b: float((a * (a / b).log()).sum())
js = kl_to(data, (data + model) / 2) + kl_to(model, (data + model) / 2)  # UL p.28: without the factors 1/2
critic = best_gap(1.0, torch.arange(4.0), data - model, apart)
print(f"the WGAN's objective at the best critic: {critic:.6f}, W = {float(emd(data, model, apart)[0]):.6f}")

# %% tags=["claim:gan-js-wgan-w"]
convention(
    "gan-js-wgan-w",
    ("JS(P, P_g), as UL p.28 defines it", js),
    ("value at the best D, plus log 4", best_value + math.log(4)),
    under="the discriminator, or the critic over all 1-Lipschitz f, is at its best for each generator; up "
    "to the constant −log 4; and the generator descends the minimax loss, not the non-saturating one",
)

# %% [markdown]
# What a real discriminator and a real critic do is the subject of notebooks 8 and 11.
#
# **Whose distance?** The question of the cheapest plan is Monge's (1781, without splitting), and the linear programme with its dual is Kantorovich's. (Vaserstein, Vasershtein and Wasserstein are spellings of one name.)

# %% tags=["claim:wasserstein-history"]
argue(
    "wasserstein-history",
    "erratum",
    "The publications decide it. L. Kantorovich stated the problem, the least cost over joint "
    "distributions and the criterion by prices in 1942 (On the translocation of masses), and with G. "
    "Rubinstein the duality for a distance in 1958. On the line the distance is older still (C. Gini, "
    "1914). L. N. Vaserstein used it in 1969 (Markov processes over denumerable products of spaces), and "
    "R. Dobrushin named it after him in 1970. The WGAN is of January 2017 (arXiv:1701.07875), its gradient "
    "penalty of March 2017 (arXiv:1704.00028 is of the last day of that month).",
    corrected="WGANs appeared in early 2017; the distance goes back to Kantorovich (1942; with Rubinstein "
    "1958), and Vaserstein's paper of 1969 gave it the name",
)

# %% [markdown]
# ## 10.11 An open experiment: a river with one bridge
#
# A river runs from north to south through the map, and there is one bridge. Say before you move the sliders: where would *you* build it? Where does the plan change, and why do always some shovels cross? The dashed line keeps the plan that was cheapest without a river.
# Then change `price_with_bridge` to whatever you like (a steep hill, a toll, a way that is closed, with `torch.inf`), and let `plan_prices` tell what a hole would pay for earth on its own side.

# %% name="river" tags=["picture"]
def price_with_bridge(x, y, river, bridge):
    """The way from each pile x (3, 2) to each hole y (4, 2), shape (3, 4): over the bridge if it crosses."""
    at = torch.tensor([[river, bridge]])
    crosses = (x[:, None, 0] < river) != (y[None, :, 0] < river)
    return torch.where(crosses, pairwise_distances(x, at) + pairwise_distances(at, y),
                       pairwise_distances(x, y))


def draw_river(view, river, bridge):
    places = torch.linspace(-1.5, 2.5, 17).tolist()
    prices = [price_with_bridge(PILES, HOLES, river, place) for place in places]
    found = [(price, *emd(p, q, price)) for price in prices]
    _, value, plan = found[places.index(bridge)]
    draw_ways(view["map"], 20 * plan, PILES, HOLES)
    view["map"].curve("river", [river, river], [-1.7, 2.8], color="fifth", style="-", width=6, alpha=0.5)
    view["map"].scatter("bridge", [[river, bridge]], color="accent", size=12, label="bridge")
    view["plan"].heatmap("plan", 20 * plan, extent=CELLS, limits=(0, 12), smooth=False)
    write_matrix(view["plan"], 20 * plan)
    view["cost"].curve("cost", places, [float(one) for _, one, _ in found], color="p", label="cheapest plan")
    view["cost"].curve("kept", places, [float((best_plan * one).sum()) for one, _, _ in found], color="muted",
                       style="--", label="plan without river")
    view["cost"].scatter("here", [[bridge, float(value)]], color="accent", size=10)
    crossing = (PILES[:, None, 0] < river) != (HOLES[None, :, 0] < river)
    view.readout("cost of the cheapest plan", float(value))
    view.readout("shovels that cross", float(20 * plan[crossing].sum()), ".0f")


explore(
    draw_river,
    panels=[
        Panel("map", title="the map with its river", **MAP, width=1.2),
        Panel("plan", title="the cheapest plan, in shovels", **MATRIX),
        Panel("cost", title="cost against the bridge", xlabel="how far north the bridge is",
              ylabel="mean way",
              xlim=(-1.6, 2.6), ylim=(1.4, 3.2)),
    ],
    river=Slider.of([0.5, 1.5, 2.5], value=2.5, label="how far east the river is", format=".1f"),
    bridge=Slider(-1.5, 2.5, step=0.25, value=1.0, label="how far north the bridge is"),
    size=(13, 4.4),
    alt="The map with a river and one bridge, the cheapest plan, and its cost against the place of the "
    "bridge.",
)

# %% [markdown]
# ## What to remember
#
# - A plan is a joint distribution with given marginals; its cost is the mean way. The cheapest is a linear programme, and need not be unique.
# - Any prices with $u_i + v_j \le c_{ij}$ prove a lower bound, and the best ones reach the cheapest plan: they leave no room on the ways that it uses.
# - If the cost is a distance, one 1-Lipschitz function takes the place of both price lists (Kantorovich-Rubinstein). For other costs it does not.
# - On a line the plan that keeps the order is a cheapest one for $|x-y|^k$, $k\ge1$, and $W$ is the area between the distribution functions.
# - $W$ sees how far a shape has moved, where pointwise distances are stuck. The price is paid in samples: in $d > 2$ dimensions the error falls like $n^{-1/d}$.
# - Entropy makes plans smooth and quick to find; cost, objective and $W$ are then three different numbers.
#
# ## References
#
# UL p.24-28; U17, "Optimal transport", "Optimal transport dual"; I21 and I24, "Wasserstein distance", "Kantorovich-Rubinstein duality". L. Kantorovich, *On the translocation of masses*, 1942. L. Kantorovich, G. Rubinstein, *On a space of completely additive functions*, 1958.
# L. N. Vaserstein, *Markov processes over denumerable products of spaces, describing large systems of automata*, 1969. C. Villani, *Optimal Transport: Old and New*, 2009. M. Cuturi, *Sinkhorn distances*, 2013, arXiv:1306.0895. G. Peyré, M. Cuturi, *Computational Optimal Transport*, 2019, arXiv:1803.00567.
#
# Next: [11 · WGAN on disjoint supports](11_wgan_disjoint_supports.ipynb)
