import pytest
import torch

from course_lib.training import History, batches, minimise, train


def test_history_keeps_the_order_across_packed_chunks():
    history = History()
    for i in range(3000):
        history.append(a=torch.tensor(float(i)), b=i)
    assert torch.equal(history["a"], torch.arange(3000.0))
    history.append(a=-1.0)
    assert history.last("a") == -1.0 and len(history["a"]) == 3001 and len(history["b"]) == 3000


def test_history_never_reads_a_tensor_while_it_records(monkeypatch):
    def forbidden(*_):
        raise AssertionError("a synchronisation in the loop")

    value = torch.tensor(1.0, requires_grad=True)
    for name in ("item", "__float__", "cpu", "numpy", "tolist"):
        monkeypatch.setattr(torch.Tensor, name, forbidden)
    history = train(lambda i: {"loss": value * 2}, 5, progress=False)
    assert not history["loss"].requires_grad


def test_history_says_what_it_has():
    with pytest.raises(KeyError, match="there is loss"):
        train(lambda i: torch.zeros(()), 1, progress=False)["gap"]


def test_the_same_seed_gives_the_same_run():
    runs = [train(lambda i: torch.rand(()), 10, seed=s, progress=False)["loss"] for s in (1, 1, 2)]
    assert torch.equal(runs[0], runs[1]) and not torch.equal(runs[0], runs[2])


def test_minimise_reaches_the_least_squares_solution():
    torch.manual_seed(0)
    a, b = torch.randn(20, 3, dtype=torch.float64), torch.randn(20, dtype=torch.float64)
    x = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    history = minimise(lambda: (a @ x - b).square().mean(), [x], 2000, lr=0.02, progress=False)
    expected = torch.linalg.lstsq(a, b[:, None]).solution[:, 0]
    assert torch.allclose(x.detach(), expected, atol=1e-4)  # Adam with a fixed rate hovers at about 1e-6
    assert history["loss"][-1] < history["loss"][0]


def test_minimise_records_every_named_scalar():
    x = torch.ones(1, requires_grad=True)
    history = minimise(lambda: {"loss": x.square().sum(), "size": x.abs().sum()}, [x], 3, progress=False)
    assert set(history) == {"loss", "size"}


def test_batches_draw_examples_of_the_data():
    data = torch.arange(12.0).reshape(6, 2)
    drawn = batches(data, 100, torch.Generator().manual_seed(0))()
    assert drawn.shape == (100, 2)
    assert {tuple(row.tolist()) for row in drawn} == {tuple(row.tolist()) for row in data}


@pytest.mark.parametrize("steps", [-1, 1.5, True])
def test_train_refuses_a_number_of_steps_that_is_none(steps):
    with pytest.raises(ValueError, match="steps: expected"):
        train(lambda i: None, steps)
