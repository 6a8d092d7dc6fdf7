"""Lists, NumPy arrays and plain loops; prices that are another solution than the reference's."""

import math

import numpy as np
import torch
from scipy import optimize


def transport_programme(weights_p, weights_q):
    n, m = len(weights_p), len(weights_q)
    A = np.zeros((n + m, n * m))
    for i in range(n):
        for j in range(m):
            A[i, i * m + j] = A[n + j, i * m + j] = 1
    return A, [*weights_p.tolist(), *weights_q.tolist()]


def reroute(plan, cost):
    best, new = 1e-12, plan.tolist()
    n, m = plan.shape
    w, c = plan.tolist(), cost.tolist()
    for i in range(n):
        for k in range(n):
            for j in range(m):
                for l in range(m):
                    moved = min(w[i][j], w[k][l])
                    saved = moved * (c[i][j] + c[k][l] - c[i][l] - c[k][j])
                    if saved > best:
                        best, new = saved, plan.tolist()
                        new[i][j] -= moved
                        new[k][l] -= moved
                        new[i][l] += moved
                        new[k][j] += moved
    return np.array(new)


def c_transform(potential, cost):
    return (cost.numpy() - np.asarray(potential)[:, None]).min(axis=0)


def plan_prices(plan, cost):
    """The dual programme itself, solved by HiGHS."""
    n, m = plan.shape
    A, _ = transport_programme(plan.sum(1), plan.sum(0))
    masses = np.concatenate([plan.sum(1), plan.sum(0)])
    both = optimize.linprog(-masses, A_ub=A.T, b_ub=cost.numpy().ravel(), bounds=[(None, None)] * (n + m)).x
    return both[:n].tolist(), both[n:].tolist()


def monotone_plan(x, weights_x, y, weights_y):
    """Overlaps of the intervals that the places hold of [0, 1]."""
    plan = np.zeros((len(x), len(y)))
    start_x = {int(i): float(weights_x[x < x[i]].sum()) for i in range(len(x))}
    start_y = {int(j): float(weights_y[y < y[j]].sum()) for j in range(len(y))}
    for i, a in start_x.items():
        for j, b in start_y.items():
            end = min(a + float(weights_x[i]), b + float(weights_y[j]))
            plan[i, j] = max(0.0, end - max(a, b))
    return plan


def gaussian_w1(mean, std):
    out = []
    for m, s in zip(mean.tolist(), std.tolist(), strict=True):
        d = abs(s - 1)
        if d == 0:
            out.append(abs(m))
        else:
            z = m / d
            out.append(d * math.sqrt(2 / math.pi) * math.exp(-(z**2) / 2) + m * math.erf(z / math.sqrt(2)))
    return out


def sinkhorn_step(f, log_p, log_q, cost, epsilon):
    def soft_minimum(log_weights, room):
        low = room.min()
        return low - epsilon * math.log(sum((log_weights - (room - low) / epsilon).exp().tolist()))

    g = [float(soft_minimum(log_p, cost[:, j] - f)) for j in range(cost.shape[1])]
    f = [float(soft_minimum(log_q, cost[i] - torch.tensor(g, dtype=torch.float64))) for i in range(len(cost))]
    return f, g
