"""Exercises of notebook 10: the programme, plans that get cheaper, prices, the line, Gaussians, entropy."""

import math

import torch

from course_lib.exercises.exercise import Case, Exercise, Mistake


def _tensor(values):
    return torch.as_tensor(values, dtype=torch.float64)


def _weights(rng, n):
    return _tensor(rng.dirichlet([3.0] * n))


def transport_programme(weights_p, weights_q):
    n, m = len(weights_p), len(weights_q)
    rows = torch.kron(torch.eye(n).to(weights_p), torch.ones(1, m).to(weights_p))
    columns = torch.kron(torch.ones(1, n).to(weights_p), torch.eye(m).to(weights_p))
    return torch.cat([rows, columns]), torch.cat([weights_p, weights_q])


def _sizes(rng):
    yield Case((_tensor([0.25, 0.75]), _tensor([0.5, 0.3, 0.2])), "two piles, three holes")
    yield Case((_weights(rng, 4), _weights(rng, 2)), "four piles, two holes")
    yield Case((_weights(rng, 3), _weights(rng, 3)), "as many holes as piles")
    yield Case((_tensor([1.0]), _weights(rng, 3)), "a single pile")


def _programme_by_columns(p, q):
    # The unknowns stand column by column.
    n, m = len(p), len(q)
    A = torch.cat([torch.kron(torch.ones(1, m), torch.eye(n)), torch.kron(torch.eye(m), torch.ones(1, n))])
    return A.to(p), torch.cat([p, q])


def _programme_some(keep_rows, keep_columns):
    def answer(p, q):
        A, b = transport_programme(p, q)
        n = len(p)
        rows = list(range(n)) if keep_rows else []
        columns = list(range(n, len(b))) if keep_columns else []
        return A[rows + columns], b[rows + columns]

    return answer


def _programme_blocks_turned(p, q):
    A, b = transport_programme(p, q)
    n = len(p)
    return torch.cat([A[n:], A[:n]]), torch.cat([b[n:], b[:n]])


TRANSPORT_PROGRAMME = Exercise(
    id="10.transport_programme",
    title="The marginals as equations of a linear programme",
    reference=transport_programme,
    cases=_sizes,
    mistakes=(
        Mistake(
            _programme_by_columns,
            "This is for unknowns in the order of the columns: w[i, j] stands at place i · m + j of the vector.",
        ),
        Mistake(
            lambda p, q: (transport_programme(p, q)[0], torch.cat([q, p])),
            "The right-hand sides are exchanged: a row of the plan sums to p, a column to q.",
        ),
        Mistake(
            _programme_some(True, False),
            "The holes are missing: without the sums over columns all earth goes to the nearest hole.",
        ),
        Mistake(
            _programme_some(False, True),
            "The piles are missing: without the sums over rows each hole is filled from the nearest pile.",
        ),
        Mistake(
            _programme_blocks_turned,
            "These are the right equations in another order: first the n sums over rows, then the m over columns.",
        ),
        Mistake(
            lambda p, q: (transport_programme(p, q)[0].mT, transport_programme(p, q)[1]),
            "The matrix is transposed: one row for each equation, one column for each unknown.",
        ),
        Mistake(
            lambda p, q: tuple(part[:-1] for part in transport_programme(p, q)),
            "One equation does follow from the others, but all n + m are asked for; the solver does not mind.",
        ),
        Mistake(
            lambda p, q: (
                transport_programme(p, q)[0].reshape(len(p) + len(q), len(p), len(q)),
                transport_programme(p, q)[1],
            ),
            "Each equation is a matrix here: lay its rows end to end, which gives the shape (n + m, n · m).",
        ),
        Mistake(
            lambda p, q: transport_programme(p, q)[::-1],
            "The two results are exchanged: first the matrix, then the right-hand sides.",
        ),
    ),
    hints=(
        "One equation for each pile, Σ_j w_ij = p_i, and one for each hole, Σ_i w_ij = q_j: the coefficients are "
        "0 and "
        "1. Which of the n · m unknowns occur in the equation of pile i? And in that of hole j?",
        "Pile i: the m unknowns from place i · m on. Hole j: every m-th unknown, from place j on. torch.kron(A, B) "
        "repeats B, once for each entry of A.",
        "rows = torch.kron(torch.eye(n), torch.ones(1, m)); columns = torch.kron(torch.ones(1, n), "
        "torch.eye(m)); then "
        "torch.cat of both, and torch.cat([weights_p, weights_q])",
    ),
    difficulty=2,
    minutes=10,
)


def reroute(plan, cost):
    return _rerouted(plan, cost)


def _rerouted(
    plan, cost, *, per_unit=False, share=1.0, worst=False, first=False, half=False, amount=torch.minimum
):
    """The plan after the best square, and, by the options, the ways to get it wrong."""
    movable = amount(plan[:, :, None, None], plan[None, None])
    change = cost[:, None, None, :] + cost.mT[None, :, :, None] - cost[:, :, None, None] - cost[None, None]
    if half:  # only what is taken away is counted
        change = -cost[:, :, None, None] - cost[None, None] + 0 * change
        change = torch.where(_real_squares(plan), change, 0.0)
    if per_unit:
        change = torch.where(movable > 0, change, 0.0)
    saved = -change if per_unit else -movable * change
    if worst:
        saved = -saved
    if first:
        better = (saved.flatten() > 1e-12).nonzero()
        best = int(better[0]) if len(better) else 0
    else:
        best = int(saved.argmax())
    i, j, k, l = (int(place) for place in torch.unravel_index(torch.tensor(best), saved.shape))
    if not saved[i, j, k, l] > 1e-12:
        return plan.clone()
    moved = share * movable[i, j, k, l]
    new = plan.clone()
    for row, column, sign in ((i, j, -1), (k, l, -1), (i, l, 1), (k, j, 1)):
        new[row, column] += sign * moved
    return new


def _real_squares(plan):
    n, m = plan.shape
    rows, columns = torch.arange(n), torch.arange(m)
    return (rows[:, None, None, None] != rows[None, None, :, None]) & (
        columns[None, :, None, None] != columns[None, None, None, :]
    )


def _plans_to_mend(rng):
    yield Case(
        (_tensor([[0.5, 0.0], [0.0, 0.5]]), _tensor([[3.0, 1.0], [1.0, 2.0]])),
        "two ways that cross, equal masses",
    )
    yield Case(
        (_tensor([[0.5, 0.25], [0.0, 0.25]]), _tensor([[5.0, 1.0], [1.0, 4.0]])),
        "one way carries more than the other",
    )
    cost = _tensor([[5.0, 1.0, 9.0, 9.0], [1.0, 1.0, 9.0, 9.0], [9.0, 9.0, 2.0, 1.5], [9.0, 9.0, 1.5, 2.0]])
    yield Case(
        (torch.diag(_tensor([0.05, 0.05, 0.45, 0.45])), cost),
        "a little that saves much, much that saves a little",
    )
    for n, m in ((3, 4), (4, 3)):
        cost = torch.cdist(_tensor(rng.normal(size=(n, 2))), _tensor(rng.normal(size=(m, 2))))
        yield Case(
            (torch.outer(_weights(rng, n), _weights(rng, m)), cost), f"{n} piles, {m} holes, all ways used"
        )
    yield Case(
        (torch.eye(3).double() / 3, _tensor([[1.0, 2.0, 3.0], [2.0, 1.0, 2.5], [3.0, 2.0, 1.0]])), "cheapest"
    )
    yield Case((_tensor([[0.25], [0.75]]), _tensor([[2.0], [1.0]])), "one hole: no square at all")


REROUTE = Exercise(
    id="10.reroute",
    title="The square that saves most",
    reference=reroute,
    cases=_plans_to_mend,
    mistakes=(
        Mistake(
            lambda plan, cost: _rerouted(plan, cost, per_unit=True),
            "This takes the square that saves most for one unit: count the mass that can be moved as well.",
        ),
        Mistake(
            lambda plan, cost: _rerouted(plan, cost, amount=torch.maximum),
            "More is taken away than there is: the mass that can move is the smaller of the two.",
        ),
        Mistake(
            lambda plan, cost: _rerouted(plan, cost, share=0.5),
            "Only half of what can move is moved: take the whole smaller mass, so that one of the ways is given up.",
        ),
        Mistake(
            lambda plan, cost: _rerouted(plan, cost, worst=True),
            "The sign is turned round: this square makes the plan dearer.",
        ),
        Mistake(
            lambda plan, cost: _rerouted(plan, cost, first=True),
            "This is the first square that saves anything: look at all of them, and take the best.",
        ),
        Mistake(
            lambda plan, cost: plan.clone(),
            "The plan comes back as it was: some square saves something here.",
        ),
        Mistake(
            lambda plan, cost: _rerouted(plan, cost, half=True),
            "Only the two ways that are given up are counted: the two new ones have to be paid.",
        ),
    ),
    hints=(
        "A square is two rows i, k and two columns j, l. One unit taken from (i, j) and (k, l) and sent over (i, "
        "l) and "
        "(k, j) keeps all four sums. What does that unit save, and how many units can go?",
        "One unit saves c_ij + c_kl − c_il − c_kj, and min(w_ij, w_kl) units can go. Four loops over i, j, k, l "
        "will do; "
        "remember the best square, and change a clone of the plan at the end.",
        "moved = min(plan[i, j], plan[k, l]); saved = moved * (cost[i, j] + cost[k, l] - cost[i, l] - cost[k, "
        "j]). With "
        "new = plan.clone(), subtract float(moved) at (i, j) and (k, l), add it at (i, l) and (k, j).",
    ),
    rtol=1e-5,
    difficulty=2,
    minutes=15,
)


def c_transform(potential, cost):
    return (cost - potential[:, None]).min(dim=0).values


def _prices_of_piles(rng):
    yield Case((_tensor([0.0, 1.0]), _tensor([[2.0, 5.0, 1.0], [4.0, 3.0, 2.5]])), "two piles, three holes")
    yield Case(
        (_tensor(rng.normal(size=4)), _tensor(rng.uniform(0.5, 5, size=(4, 3)))), "numbers drawn at random"
    )
    yield Case(
        (_tensor(rng.normal(size=3)), _tensor(rng.uniform(0.5, 5, size=(3, 3)))), "as many holes as piles"
    )
    yield Case(
        (_tensor([0.0, -1.0]), _tensor([[2.0, math.inf], [4.0, 3.0]])), "a way that is closed: infinite cost"
    )


C_TRANSFORM = Exercise(
    id="10.c_transform",
    title="The highest prices of the holes",
    reference=c_transform,
    cases=_prices_of_piles,
    mistakes=(
        Mistake(
            lambda u, cost: (cost - u[:, None]).max(dim=0).values,
            "This is the maximum: such a price breaks the rule for all other piles. Take the smallest.",
        ),
        Mistake(
            lambda u, cost: (cost + u[:, None]).min(dim=0).values,
            "The price of the pile is subtracted: u_i + v_j must stay below c_ij.",
        ),
        Mistake(
            lambda u, cost: (cost - u[:, None]).min(dim=1).values,
            "The minimum runs over the holes: there is one price for each hole, so it runs over the piles.",
        ),
        Mistake(
            lambda u, cost: -(cost - u[:, None]).min(dim=0).values,
            "The sign is turned round: v_j is the room that is left, not minus that room.",
        ),
        Mistake(
            lambda u, cost: cost.min(dim=0).values,
            "The prices of the piles are not used: this is the answer for u = 0.",
        ),
        Mistake(
            lambda u, cost: (cost - u[:, None]).mean(dim=0),
            "A mean is no bound: the price must fit under every pile's room, so take the smallest.",
        ),
        Mistake(
            lambda u, cost: cost - u[:, None],
            "This is the room for each pair: hole j must keep to the smallest in its column.",
        ),
        Mistake(
            lambda u, cost: (cost - u[:, None]).min(dim=0).indices,
            "These are the piles that set the prices: the prices themselves are asked for.",
        ),
    ),
    hints=(
        "Hole j may ask at most c_ij − u_i, for each pile i.",
        "potential[:, None] stands beside the rows of cost; then the smallest of each column.",
        "(cost - potential[:, None]).min(dim=0).values",
    ),
    difficulty=1,
    minutes=4,
)


def plan_prices(plan, cost):
    u = torch.full((len(plan),), -torch.inf).to(cost)
    u[0] = 0.0
    for _ in range(len(plan)):
        v = (cost - u[:, None]).min(dim=0).values
        u = torch.maximum(u, torch.where(plan > 0, cost - v, -torch.inf).max(dim=1).values)
    return u, (cost - u[:, None]).min(dim=0).values


def judge_prices(measured, expected, plan, cost):
    """Any prices that keep the rule and make the holes and piles worth what the plan costs are right."""
    if not isinstance(measured, (tuple, list)) or len(measured) != 2:
        return "Two results are asked for: the prices of the piles and those of the holes."
    u, v = (torch.as_tensor(part, dtype=torch.float64) for part in measured)
    flaw = _flaw(u, v, plan, cost)
    if flaw is not None and _flaw(v, u, plan, cost) is None:
        return "The two results are exchanged: first the prices of the piles, then those of the holes."
    return flaw


def _flaw(u, v, plan, cost):
    n, m = cost.shape
    if tuple(u.shape) != (n,) or tuple(v.shape) != (m,):
        return f"Expected prices of the shapes ({n},) and ({m},), got {tuple(u.shape)} and {tuple(v.shape)}."
    if not bool(u.isfinite().all() and v.isfinite().all()):
        return "Some price is not finite: each pile and each hole must get one."
    scale = float(cost.max())
    over = u[:, None] + v - cost
    if float(over.max()) > 1e-6 * scale:
        i, j = (int(k) for k in torch.unravel_index(over.argmax(), over.shape))
        return (
            f"The rule is broken: u[{i}] + v[{j}] = {float(u[i] + v[j]):.6g}, but the way from pile {i} to "
            f"hole {j} costs {float(cost[i, j]):.6g}."
        )
    worth = float((plan * (u[:, None] + v)).sum())
    paid = float((plan * cost).sum())
    if worth < paid - 1e-6 * scale:
        room = torch.where(plan > 0, -over, 0.0)
        i, j = (int(k) for k in torch.unravel_index(room.argmax(), room.shape))
        return (
            f"The prices keep the rule, but are worth {worth:.6g} where the plan costs {paid:.6g}: on the used "
            f"way from pile {i} to hole {j} they leave {float(room[i, j]):.6g} unasked."
        )
    return None


def _solved(p, q, cost):
    from course_lib.divergences import emd

    return emd(p, q, cost)[1], cost


def _cheapest_plans(rng):
    yield Case(
        (_tensor([[0.5, 0.0], [0.25, 0.25]]), _tensor([[1.0, 4.0], [2.0, 3.0]])),
        "two piles, two holes, three ways used",
    )
    for n, m in ((3, 4), (5, 3)):
        cost = torch.cdist(_tensor(rng.normal(size=(n, 2))), _tensor(rng.normal(size=(m, 2))))
        yield Case(
            _solved(_weights(rng, n), _weights(rng, m), cost), f"{n} piles and {m} holes, drawn at random"
        )
    even = torch.full((4,), 0.25).double()
    cost = torch.cdist(_tensor(rng.normal(size=(4, 2))), _tensor(rng.normal(size=(4, 2))))
    yield Case(_solved(even, even, cost), "equal masses: each pile serves one hole")
    two_parts = _tensor([[0.5, 0.0], [0.0, 0.5]])
    yield Case(
        (two_parts, _tensor([[1.0, 0.8], [1.5, 1.0]])), "a plan in two parts, one way between them is short"
    )
    # Pile 1 is priced over pile 2, which is priced over pile 0: one round in the order of the piles is not enough.
    chain = _tensor([[0.25, 0.0, 0.0], [0.0, 0.25, 0.15], [0.1, 0.0, 0.25]])
    yield Case(
        (chain, _tensor([[1.0, 9.0, 9.0], [9.0, 2.0, 3.0], [4.0, 9.0, 1.0]])), "piles that hang in a chain"
    )


def _prices_without_chain(plan, cost, *, sign=1.0, rounds=None, maximum=True):
    u = torch.full((len(plan),), -torch.inf).to(cost)
    u[0] = 0.0
    for _ in range(len(plan) if rounds is None else rounds):
        v = (cost - u[:, None]).min(dim=0).values
        on_used = torch.where(plan > 0, cost - v, -torch.inf if maximum else torch.inf)
        u = torch.maximum(u, on_used.max(dim=1).values) if maximum else on_used.min(dim=1).values
    return u, sign * (cost - u[:, None]).min(dim=0).values


def _prices_of_tree(plan, cost):
    """Least squares on the used ways only: right where these join all places, but no more than that."""
    n, m = cost.shape
    A, _ = transport_programme(torch.ones(n).to(cost), torch.ones(m).to(cost))
    used = (plan > 0).flatten()
    both = torch.linalg.lstsq(A.mT[used], cost.flatten()[used], driver="gelsd").solution
    return both[:n], both[n:]


def _prices_of_all(plan, cost):
    n, m = cost.shape
    A, _ = transport_programme(torch.ones(n).to(cost), torch.ones(m).to(cost))
    both = torch.linalg.lstsq(A.mT, cost.flatten(), driver="gelsd").solution
    return both[:n], both[n:]


PLAN_PRICES = Exercise(
    id="10.plan_prices",
    title="Prices that prove a plan the cheapest",
    reference=plan_prices,
    cases=_cheapest_plans,
    mistakes=(
        Mistake(
            lambda plan, cost: (torch.zeros(len(plan)).to(cost), cost.min(dim=0).values),
            "All piles have the price 0 here: such prices keep the rule, but ask too little on some used way.",
        ),
        Mistake(
            lambda plan, cost: _prices_without_chain(plan, cost, sign=-1.0),
            "The prices of the holes have the wrong sign: u_i + v_j = c_ij where the plan carries something.",
        ),
        Mistake(
            lambda plan, cost: _prices_without_chain(plan, cost, rounds=1),
            "One round is not enough: a price may hang on another one that is only found in this round.",
        ),
        Mistake(
            _prices_of_tree,
            "These prices fit the ways that are used, and break the rule elsewhere: where the plan falls into "
            "parts, the "
            "ways that are not used tie their prices together.",
        ),
        Mistake(
            _prices_of_all,
            "This fits u_i + v_j to all costs on average: it must equal the cost on used ways and stay below "
            "elsewhere.",
        ),
    ),
    hints=(
        "Start with u[0] = 0 and −∞ for the other piles. Two rules in turn: a hole asks the most that the piles "
        "leave it "
        "(the c-transform), and a pile that serves a hole gets all that this hole leaves.",
        "v = c_transform(u, cost); then u[i] rises to the largest c_ij − v[j] over the holes j that pile i serves. "
        "Repeat n times: a shortest walk visits each pile at most once. End with v.",
        "Inside the loop: u = torch.maximum(u, torch.where(plan > 0, cost - v, -torch.inf).max(dim=1).values)",
    ),
    judge=judge_prices,
    difficulty=3,
    minutes=25,
)


def monotone_plan(x, weights_x, y, weights_y):
    order_x, order_y = torch.argsort(x), torch.argsort(y)
    left_x, left_y = weights_x[order_x].tolist(), weights_y[order_y].tolist()
    plan = torch.zeros(len(x), len(y)).to(weights_x)
    i = j = 0
    while i < len(left_x) and j < len(left_y):
        moved = min(left_x[i], left_y[j])
        plan[order_x[i], order_y[j]] += moved
        left_x[i] -= moved
        left_y[j] -= moved
        if left_x[i] <= left_y[j]:
            i += 1
        else:
            j += 1
    return plan


def _lines(rng):
    yield Case(
        (_tensor([0.0, 1.0]), _tensor([0.5, 0.5]), _tensor([3.0, 2.0]), _tensor([0.5, 0.5])),
        "two places each",
    )
    yield Case(
        (_tensor([2.0, 0.0, 1.0]), _tensor([0.25, 0.25, 0.5]), _tensor([5.0, 4.0]), _tensor([0.25, 0.75])),
        "a pile that is split",
    )
    for n, m in ((4, 3), (3, 5)):
        x, y = _tensor(rng.permutation(n) + rng.uniform(0, 0.5, n)), _tensor(2 * rng.permutation(m) + 0.6)
        yield Case((x, _weights(rng, n), y, _weights(rng, m)), f"{n} and {m} places drawn at random")
    yield Case(
        (
            _tensor([1.0, 0.0, 2.0]),
            _tensor([0.5, 0.5, 0.0]),
            _tensor([0.0, 1.0, 5.0]),
            _tensor([0.0, 0.75, 0.25]),
        ),
        "places without weight",
    )
    yield Case((_tensor([1.0]), _tensor([1.0]), _tensor([-2.0]), _tensor([1.0])), "a single place")


def _monotone(x, a, y, b, *, sort_x=True, sort_y=True, back=True, turned=False):
    order_x = torch.argsort(x) if sort_x else torch.arange(len(x))
    order_y = torch.argsort(y, descending=turned) if sort_y else torch.arange(len(y))
    sorted_plan = monotone_plan(
        torch.arange(len(x)).double(), a[order_x], torch.arange(len(y)).double(), b[order_y]
    )
    if not back:
        return sorted_plan
    plan = torch.zeros_like(sorted_plan)
    plan[order_x[:, None], order_y] = sorted_plan
    return plan


def _both_run_out(x, a, y, b):
    """Goes on in both lists after each shipment: what is left of a split pile is lost."""
    order_x, order_y = torch.argsort(x), torch.argsort(y)
    plan = torch.zeros(len(x), len(y)).to(a)
    for i, j in zip(order_x.tolist(), order_y.tolist(), strict=False):
        plan[i, j] = torch.minimum(a[i], b[j])
    return plan


MONOTONE_PLAN = Exercise(
    id="10.monotone_plan",
    title="The plan that keeps the order",
    reference=monotone_plan,
    cases=_lines,
    mistakes=(
        Mistake(
            lambda x, a, y, b: _monotone(x, a, y, b, sort_x=False, sort_y=False),
            "The lists are walked as they stand: what counts is the order of the places on the line.",
        ),
        Mistake(
            lambda x, a, y, b: _monotone(x, a, y, b, sort_y=False),
            "Only x is walked in the order of its places: y must be, too.",
        ),
        Mistake(
            lambda x, a, y, b: _monotone(x, a, y, b, sort_x=False),
            "Only y is walked in the order of its places: x must be, too.",
        ),
        Mistake(
            lambda x, a, y, b: _monotone(x, a, y, b, back=False),
            "The plan is in the order of the sorted places: row i belongs to x[i] as it was given, column j to y[j].",
        ),
        Mistake(
            lambda x, a, y, b: _monotone(x, a, y, b, turned=True),
            "The order is turned round: the leftmost earth goes to the leftmost hole, not to the rightmost.",
        ),
        Mistake(
            lambda x, a, y, b: torch.outer(a, b),
            "This is the independent plan: it sends something from every place to every place.",
        ),
        Mistake(
            _both_run_out,
            "After each shipment only the place that is used up gives way to the next one: what is left of the "
            "other is "
            "lost here.",
        ),
        Mistake(
            lambda x, a, y, b: monotone_plan(
                x, torch.full_like(a, 1 / len(a)), y, torch.full_like(b, 1 / len(b))
            ),
            "The weights are not used: the places do not all hold the same mass.",
        ),
    ),
    hints=(
        "Walk along both lists from the left. Send as much as the two places in front of you allow; then one of "
        "them, at "
        "least, is used up.",
        "order_x = torch.argsort(x).tolist(), and the same for y. Keep what is left at the two places in front "
        "of you, "
        "send the smaller, subtract it from both, and step on where nothing is left.",
        "while i < n and j < m: moved = min(left_x[i], left_y[j]); plan[order_x[i], order_y[j]] += moved; "
        "subtract moved "
        "from both; then i += 1 if left_x[i] <= left_y[j] else j += 1",
    ),
    atol=1e-6,
    tolerance_reason="work in float32 is accepted, and running sums of weights are off by a rounding",
    difficulty=2,
    minutes=15,
)


def gaussian_w1(mean, std):
    mean, d = mean.abs(), (std - 1).abs()
    safe = torch.where(d > 0, d, 1.0)
    z = mean / safe
    folded = safe * math.sqrt(2 / math.pi) * torch.exp(-(z**2) / 2) + mean * torch.erf(z / math.sqrt(2))
    return torch.where(d > 0, folded, mean)


def _two_gaussians(rng):
    yield Case((_tensor([0.0, 0.0]), _tensor([2.0, 0.5])), "no shift, another spread")
    yield Case((_tensor([0.7, -1.5]), _tensor([2.0, 0.25])), "a shift and another spread")
    yield Case((_tensor(rng.normal(size=4)), _tensor(rng.uniform(0.2, 3, size=4))), "numbers drawn at random")
    yield Case((_tensor([1.0, -2.0, 0.0]), _tensor([1.0, 1.0, 1.0])), "the same spread: s = 1")


def _folded(mean, d, *, front=0.7978845608028654, root=1.4142135623730951):
    safe = torch.where(d.abs() > 0, d, 1.0)
    z = mean / safe
    out = safe * front * torch.exp(-(z**2) / 2) + mean * torch.erf(z / root)
    return torch.where(d.abs() > 0, out, mean.abs())


GAUSSIAN_W1 = Exercise(
    id="10.gaussian_w1",
    title="W between two Gaussians on the line",
    reference=gaussian_w1,
    cases=_two_gaussians,
    mistakes=(
        Mistake(
            lambda mean, std: mean.abs() + (std - 1).abs(),
            "The two distances are added: quantile by quantile the shift and the spread partly cancel.",
        ),
        Mistake(
            lambda mean, std: torch.sqrt(mean**2 + (std - 1) ** 2),
            "This is W₂, the root of the least mean square: W is the mean of |m + (s − 1) z|, without squares.",
        ),
        Mistake(
            lambda mean, std: mean**2 + (std - 1) ** 2,
            "This is the least mean *squared* way: W is the mean of |m + (s − 1) z|, without squares.",
        ),
        Mistake(
            lambda mean, std: mean.abs(),
            "This is the distance of the means: the spreads differ, too.",
        ),
        Mistake(
            lambda mean, std: _folded(mean, (std - 1).abs(), front=1.0),
            "The factor √(2/π) is missing: E|z| is not 1 for a standard normal z.",
        ),
        Mistake(
            lambda mean, std: _folded(mean, (std - 1).abs(), root=1.0),
            "The argument of erf lacks 1/√2: P(|z| ≤ t) = erf(t/√2).",
        ),
        Mistake(
            lambda mean, std: _folded(mean, std),
            "This is E|Y|, the mean distance of N(m, s²) from 0: the quantiles differ by m + (s − 1) z, not by m "
            "+ s z.",
        ),
        Mistake(
            lambda mean, std: _folded(mean, torch.sqrt(1 + std**2)),
            "This is E|X − Y| for independent X and Y: the best coupling moves each quantile to its own quantile.",
        ),
        Mistake(
            lambda mean, std: (
                (std - 1).abs() * math.sqrt(2 / math.pi) * torch.exp(-(mean**2) / (2 * (std - 1) ** 2))
                + mean * torch.erf(mean / ((std - 1).abs() * math.sqrt(2)))
            ),
            "For s = 1 this divides by zero: then every quantile moves by m, so that W = |m|.",
        ),
    ),
    hints=(
        "The quantile of N(m, s²) at the level of z is m + s z, that of N(0, 1) is z. So W is the mean of |m + "
        "(s − 1) z| "
        "over a standard normal z: the mean of a folded normal distribution.",
        "E|m + d z| = d √(2/π) exp(−m²/2d²) + m erf(m/(d√2)) for d > 0. Here d = |s − 1|; for d = 0 it is |m|.",
        "d = (std - 1).abs(); safe = torch.where(d > 0, d, 1.0); compute the formula with safe in place of d, "
        "and end "
        "with torch.where(d > 0, formula, mean.abs())",
    ),
    difficulty=2,
    minutes=12,
)


def sinkhorn_step(f, log_p, log_q, cost, epsilon):
    g = -epsilon * torch.logsumexp(log_p[:, None] + (f[:, None] - cost) / epsilon, dim=0)
    return -epsilon * torch.logsumexp(log_q + (g - cost) / epsilon, dim=1), g


def _sinkhorn(
    f, log_p, log_q, cost, epsilon, *, front=None, weights=True, sign=1.0, old=False, exp=False, swap=False
):
    """One step, and, by its options, the ways to get it wrong."""
    front = epsilon if front is None else front
    add_p, add_q = (log_p, log_q) if weights else (torch.zeros_like(log_p), torch.zeros_like(log_q))
    kernel = -cost / epsilon
    if exp:
        p, q, K = add_p.exp(), add_q.exp(), torch.exp(kernel)
        a = torch.exp(f / epsilon)
        b = 1 / ((p * a) @ K)
        return epsilon * torch.log(1 / (K @ (q * b))), epsilon * torch.log(b)
    g = -sign * front * torch.logsumexp(add_p[:, None] + f[:, None] / epsilon + kernel, dim=0)
    used = torch.zeros_like(g) if old else g
    new = -sign * front * torch.logsumexp(add_q + used / epsilon + kernel, dim=1)
    return (g, new) if swap else (new, g)


def _sinkhorn_hard(f, log_p, log_q, cost, epsilon):
    g = (cost - f[:, None]).min(dim=0).values
    return (cost - g).min(dim=1).values, g


def _steps(rng):
    two = _tensor([0.5, 0.5]).log()
    cost = _tensor([[0.0, 1.0], [1.0, 0.0]])
    yield Case((_tensor([0.0, 0.5]), two, _tensor([0.25, 0.75]).log(), cost, 0.5), "two places each")
    for n, m, epsilon in ((3, 4, 0.3), (4, 2, 2.0)):
        cost = torch.cdist(_tensor(rng.normal(size=(n, 2))), _tensor(rng.normal(size=(m, 2))))
        f = _tensor(0.5 * rng.normal(size=n))
        yield Case(
            (f, _weights(rng, n).log(), _weights(rng, m).log(), cost, epsilon), f"{n} piles, {m} holes"
        )
    yield Case(
        (_tensor([0.0, 0.0]), _tensor([0.4, 0.6]).log(), _tensor([0.3, 0.7]).log(), _tensor([[2.0, 3.0], [5.0, 4.0]]),
         0.001),
        "a tiny epsilon: exp(−c/ε) is 0 on a computer",
    )  # fmt: skip
    yield Case(
        (_tensor([0.1, 0.0]), _tensor([0.4, 0.6]).log(), _tensor([0.0, 1.0]).log(), _tensor([[2.0, 3.0], [1.0, 2.0]]),
         0.5),
        "a hole without weight: log q = −∞",
    )  # fmt: skip


SINKHORN_STEP = Exercise(
    id="10.sinkhorn_step",
    title="One step of Sinkhorn's algorithm, in logarithms",
    reference=sinkhorn_step,
    cases=_steps,
    mistakes=(
        Mistake(
            lambda *a: _sinkhorn(*a, exp=True),
            "For a tiny ε the exponentials are 0 and their logarithm is infinite: stay in logarithms, with "
            "logsumexp.",
        ),
        Mistake(
            lambda *a: _sinkhorn(*a, front=1.0),
            "The ε in front of the logarithm is missing: prices are in its units.",
        ),
        Mistake(
            lambda *a: _sinkhorn(*a, weights=False),
            "The weights are missing: the sum over piles is weighted by p, that over holes by q.",
        ),
        Mistake(lambda *a: _sinkhorn(*a, sign=-1.0), "The minus in front of ε log is missing."),
        Mistake(
            lambda *a: _sinkhorn(*a, old=True),
            "The new f does not use the new g: the two marginals are mended one after the other.",
        ),
        Mistake(
            lambda *a: _sinkhorn(*a, swap=True), "The two results are exchanged: first the new f, then g."
        ),
        Mistake(
            _sinkhorn_hard,
            "These are the hard minima of the c-transform, the limit for ε → 0: here they are soft.",
        ),
        Mistake(
            lambda f, log_p, log_q, cost, e: _sinkhorn(f, log_p, log_q, -cost, e),
            "The sign of the cost is turned round: a dear way gets little, so it is f − cost.",
        ),
        Mistake(
            lambda f, log_p, log_q, cost, e: _sinkhorn(-f, log_p, log_q, cost, e),
            "The sign of f is turned round: the exponent is (f + g − cost)/ε.",
        ),
        Mistake(
            lambda f, log_p, log_q, cost, e: _sinkhorn(f, log_p.exp(), log_q.exp(), cost, e),
            "The arguments are logarithms of the weights already: add them as they are.",
        ),
    ),
    hints=(
        "The plan is p_i q_j exp((f_i + g_j − c_ij)/ε). Ask that its column j sums to q_j, and solve for g_j.",
        "g_j = −ε log Σ_i p_i exp((f_i − c_ij)/ε); then the same for f with the new g. Write p_i as exp(log "
        "p_i), and the "
        "logarithm of the sum as torch.logsumexp.",
        "g = -epsilon * torch.logsumexp(log_p[:, None] + (f[:, None] - cost) / epsilon, dim=0), then f with "
        "log_q + (g - cost) / epsilon over dim=1",
    ),
    difficulty=2,
    minutes=10,
)
