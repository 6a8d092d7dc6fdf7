"""Wrong answers that people give to the exercises of lesson 10."""

import math

import torch


def programme(p, q):
    n, m = len(p), len(q)
    A = torch.zeros(n + m, n * m)
    for i in range(n):
        for j in range(m):
            A[i, i * m + j] = 1
            A[n + j, i * m + j] = 1
    return A, torch.cat([p, q])


def programme_by_columns(p, q):
    n, m = len(p), len(q)
    A = torch.zeros(n + m, n * m)
    for i in range(n):
        for j in range(m):
            A[i, j * n + i] = 1
            A[n + j, j * n + i] = 1
    return A, torch.cat([p, q])


def holes_first(p, q):
    A, b = programme(p, q)
    n = len(p)
    return torch.cat([A[n:], A[:n]]), torch.cat([b[n:], b[:n]])


def programme_with_masses(p, q):
    A, b = programme(p, q)
    return A * b[:, None], b


def best_square(plan, cost, *, amount=min, key=lambda saved, moved: saved * moved, better=max, inside=True):
    n, m = plan.shape
    found = []
    for i in range(n):
        for k in range(n):
            for j in range(m):
                for l in range(m):
                    if i == k or j == l:
                        continue
                    moved = amount(float(plan[i, j]), float(plan[k, l]))
                    saved = float(cost[i, j] + cost[k, l] - cost[i, l] - cost[k, j])
                    if moved > 0 and saved > 1e-12:
                        found.append((key(saved, moved), i, j, k, l, moved))
    if not found:
        return plan.clone() if inside else None
    _, i, j, k, l, moved = better(found)
    new = plan.clone()
    new[i, j] -= moved
    new[k, l] -= moved
    new[i, l] += moved
    new[k, j] += moved
    return new


def in_place(plan, cost):
    new = best_square(plan, cost)
    plan.copy_(new)
    return plan


def all_squares(plan, cost):
    for _ in range(50):
        new = best_square(plan, cost)
        if torch.equal(new, plan):
            return plan
        plan = new
    return plan


def loop_prices(plan, cost, rounds=None, sign=1.0, seed_price=0.0):
    n, m = plan.shape
    u = [seed_price] + [-math.inf] * (n - 1)
    for _ in range(n if rounds is None else rounds):
        v = [min(float(cost[i, j]) - u[i] for i in range(n)) for j in range(m)]
        for i in range(n):
            for j in range(m):
                if plan[i, j] > 0:
                    u[i] = max(u[i], float(cost[i, j]) - v[j])
    v = [min(float(cost[i, j]) - u[i] for i in range(n)) for j in range(m)]
    return torch.tensor(u), sign * torch.tensor(v)


def free_piles(plan, cost):
    return torch.zeros(len(plan)), cost.min(dim=0).values


def half_and_half(plan, cost):
    """Each used way is shared out between its two ends."""
    used = torch.where(plan > 0, cost, torch.inf)
    return used.min(1).values / 2, used.min(0).values / 2


def dearest_used(plan, cost):
    used = torch.where(plan > 0, cost, -torch.inf)
    return torch.zeros(len(plan)), used.max(0).values


def northwest(a, b):
    a, b = a.tolist(), b.tolist()
    plan = torch.zeros(len(a), len(b))
    i = j = 0
    while i < len(a) and j < len(b):
        moved = min(a[i], b[j])
        plan[i, j] = moved
        a[i] -= moved
        b[j] -= moved
        if a[i] <= 1e-12:
            i += 1
        else:
            j += 1
    return plan


def in_sorted_order(x, a, y, b):
    return northwest(a[x.argsort()], b[y.argsort()])


def nearest_first(x, a, y, b):
    a, b, plan = a.clone(), b.clone(), torch.zeros(len(x), len(y))
    for way in (x[:, None] - y).abs().flatten().argsort().tolist():
        i, j = divmod(way, len(y))
        moved = float(min(a[i], b[j]))
        plan[i, j] += moved
        a[i] -= moved
        b[j] -= moved
    return plan


def folded(m, d):
    return d * math.sqrt(2 / math.pi) * (-(m**2) / (2 * d**2)).exp() + m * (m / (d * math.sqrt(2))).erf()


def soft(f, log_p, log_q, c, e):
    g = -e * torch.logsumexp((f[:, None] - c) / e + log_p[:, None], 0)
    return -e * torch.logsumexp((g - c) / e + log_q, 1), g


def by_exponentials(f, log_p, log_q, c, e):
    K = (-c / e).exp()
    u = (f / e).exp()
    v = 1 / (K.T @ (log_p.exp() * u))
    u = 1 / (K @ (log_q.exp() * v))
    return e * u.log(), e * v.log()


def two_steps(f, log_p, log_q, c, e):
    """g belongs to the new f, and not to the old one."""
    new, _ = soft(f, log_p, log_q, c, e)
    return new, soft(new, log_p, log_q, c, e)[1]


NAMED = [
    ("10.transport_programme", programme_by_columns, "order of the columns|i · m"),
    ("10.transport_programme", holes_first, "another order"),
    ("10.transport_programme", lambda p, q: (programme(p, q)[0][: len(p)], p), "holes are missing"),
    ("10.transport_programme", lambda p, q: tuple(one[:-1] for one in programme(p, q)), "n \\+ m"),
    ("10.transport_programme", lambda p, q: (programme(p, q)[0], torch.cat([q, p])), "exchanged"),
    ("10.transport_programme", lambda p, q: (programme(p, q)[0].T, programme(p, q)[1]), "transposed|shape"),
    ("10.reroute", lambda w, c: best_square(w, c, key=lambda saved, moved: saved), "one unit"),
    (
        "10.reroute",
        lambda w, c: best_square(w, c, amount=max, key=lambda s, t: s * t),
        "More is taken|smaller",
    ),
    ("10.reroute", in_place, "changed|clone|argument"),
    ("10.reroute", lambda w, c: w, "as it was|changes"),
    ("10.c_transform", lambda u, c: (c - u[:, None]).max(0).values, "maximum"),
    ("10.c_transform", lambda u, c: (c + u[:, None]).min(0).values, "subtracted|minus"),
    ("10.c_transform", lambda u, c: (c - u[:, None]).min(1).values, "piles"),
    ("10.c_transform", lambda u, c: (c - u[:, None]).argmin(0), "piles that set"),
    ("10.c_transform", lambda u, c: (u[:, None] - c).min(0).values, "."),
    ("10.plan_prices", free_piles, "price 0|unasked"),
    ("10.plan_prices", lambda w, c: loop_prices(w, c, sign=-1.0), "sign"),
    ("10.plan_prices", half_and_half, "rule is broken|unasked"),
    ("10.plan_prices", dearest_used, "rule is broken|unasked"),
    ("10.plan_prices", lambda w, c: loop_prices(w, c)[0], "Two results"),
    ("10.plan_prices", lambda w, c: loop_prices(w, c)[::-1], "shape|rule is broken|exchanged|order"),
    ("10.monotone_plan", lambda x, a, y, b: northwest(a, b), "as they stand"),
    ("10.monotone_plan", in_sorted_order, "order of the sorted places"),
    ("10.monotone_plan", lambda x, a, y, b: torch.outer(a, b), "independent"),
    ("10.gaussian_w1", lambda m, s: m.abs() + (s - 1).abs(), "added"),
    ("10.gaussian_w1", lambda m, s: (m**2 + (s - 1) ** 2).sqrt(), "W₂"),
    ("10.gaussian_w1", lambda m, s: folded(m, (s - 1).abs()), "divides by zero|NaN"),
    ("10.gaussian_w1", lambda m, s: m.abs(), "spreads"),
    ("10.gaussian_w1", lambda m, s: folded(m, s), "E\\|Y\\|"),
    ("10.sinkhorn_step", by_exponentials, "stay in logarithms"),
    ("10.sinkhorn_step", lambda f, a, b, c, e: tuple(one / e for one in soft(f, a, b, c, e)), "epsilon|ε"),
    ("10.sinkhorn_step", lambda f, a, b, c, e: soft(f, a, b, c, e)[::-1], "exchanged|order"),
    ("10.sinkhorn_step", lambda f, a, b, c, e: soft(f, 0 * a, torch.zeros_like(b), c, e), "weights"),
    ("10.sinkhorn_step", lambda f, a, b, c, e: soft(f, a, b, -c, e), "cost"),
]

UNNAMED = [
    ("10.c_transform", lambda u, c: c.min(0).values - u.min(), "."),
    ("10.monotone_plan", lambda x, a, y, b: in_sorted_order(x, a, -y, b), "."),
    ("10.transport_programme", programme_with_masses, "."),
    ("10.transport_programme", lambda p, q: programme(p, q)[0], "two|b|pair|."),
    ("10.reroute", all_squares, "."),
    ("10.reroute", lambda w, c: best_square(w, c, better=min), "."),
    ("10.reroute", lambda w, c: best_square(w, c, inside=False), "None|."),
    ("10.c_transform", lambda u, c: c.min(0).values - u.mean(), "."),
    ("10.plan_prices", lambda w, c: loop_prices(w, c, seed_price=-math.inf), "."),
    ("10.plan_prices", lambda w, c: (c.mean(1), c.mean(0)), "rule is broken|unasked"),
    ("10.monotone_plan", nearest_first, "."),
    ("10.monotone_plan", lambda x, a, y, b: torch.diag(a), "."),
    ("10.gaussian_w1", lambda m, s: (m.abs() - (s - 1).abs()).abs(), "."),
    ("10.gaussian_w1", lambda m, s: (m**2 + 1 + s**2).sqrt(), "."),
    ("10.sinkhorn_step", two_steps, "."),
]  # fmt: skip
