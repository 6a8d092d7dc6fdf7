"""Whatever an answer is, returns or raises: there is a card, in time and of a size to read, and nothing is raised."""

import collections
import dataclasses
import decimal
import fractions
import sys
import threading
import time
import types

import numpy as np
import pytest
import torch

from course_lib.exercises import check, registry, store
from course_lib.exercises.comparison import brief, compare
from course_lib.exercises.exercise import Case, Exercise, Mistake, Reject
from course_lib.exercises.frozen import freeze


def double(x):
    return 2 * x


def exercise_with(**changes):
    fields = {
        "id": "99.double",
        "title": "Twice",
        "reference": double,
        "cases": lambda rng: [(torch.from_numpy(rng.normal(size=3)),), (torch.from_numpy(rng.normal(size=2)),)],
        "mistakes": (Mistake(lambda x: -2 * x, "The sign."),),
        "hints": ("First.", "Second."),
        "time_limit": 0.5,
    }  # fmt: skip
    return Exercise(**(fields | changes))


@pytest.fixture
def bank(monkeypatch):
    def put(**changes):
        monkeypatch.setattr(registry, "find", lambda _: exercise_with(**changes))

    put()
    return put


def look(shown):
    """The one card that was shown, which must be of a size to read."""
    assert len(shown) == 1
    html = shown[0]._repr_html_()
    assert len(html) < 12_000
    html.encode("utf-8")
    repr(shown[0]).encode("utf-8")
    return repr(shown[0])


class Raises:
    """Every way to look at it raises."""

    def __init__(self, error):
        self.__dict__["error"] = error

    def __getattr__(self, name):
        raise self.__dict__["error"]

    def __repr__(self):
        raise self.__dict__["error"]

    __str__ = __eq__ = __len__ = __iter__ = __array__ = __float__ = __bool__ = __hash__ = __repr__


class Endless:
    def __repr__(self):
        while True:
            pass

    __str__ = __eq__ = __len__ = __iter__ = __array__ = __float__ = __bool__ = __repr__


class HostileTensor(torch.Tensor):
    def detach(self):
        raise RuntimeError("no")

    @classmethod
    def __torch_function__(cls, function, kinds, args=(), kwargs=None):
        raise RuntimeError("never")


class HostileMapping(collections.UserDict):
    def __getitem__(self, key):
        raise KeyError(key)

    def keys(self):
        raise RuntimeError("no keys")


@dataclasses.dataclass
class Record:
    value: torch.Tensor


def itself():
    values = []
    values.append(values)
    return values


def each_other():
    one, other = [], []
    one.append(other)
    other.append(one)
    return one


def dict_of_itself():
    values = {}
    values["self"] = values
    return values


def deep(levels):
    values = []
    for _ in range(levels):
        values = [values]
    return values


# What torch says about its own prototypes is no news here.
pytestmark = pytest.mark.filterwarnings("ignore")

ODD = {
    "a list that contains itself": itself,
    "two lists that contain each other": each_other,
    "a dict that contains itself": dict_of_itself,
    "a list of a hundred thousand levels": lambda: deep(100_000),
    "a number of ten thousand digits": lambda: 10**10_000,
    "its negative": lambda: -(10**10_000),
    "a list with such a number": lambda: [10**10_000, 1],
    "a float array of such numbers": lambda: np.array([10**400, 1], dtype=object),
    "complex": lambda: 1 + 2j,
    "a complex tensor": lambda: torch.ones(3, dtype=torch.complex64),
    "a tensor without values": lambda: torch.ones(3, device="meta"),
    "a nested tensor": lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
    "a quantised tensor": lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.quint8),
    "a sparse tensor": lambda: torch.ones(3).to_sparse(),
    "a sparse matrix": lambda: torch.eye(3).to_sparse_csr(),
    "a tensor that claims a terabyte": lambda: torch.zeros(1).expand(2**40),
    "an empty tensor": lambda: torch.empty(0),
    "an empty matrix": lambda: torch.empty(0, 3),
    "a boolean tensor": lambda: torch.ones(3, dtype=torch.bool),
    "an integer tensor": lambda: torch.ones(3, dtype=torch.int8),
    "a half tensor": lambda: torch.ones(3, dtype=torch.bfloat16),
    "a tensor in six axes": lambda: torch.ones(1, 2, 1, 2, 1, 3),
    "a parameter": lambda: torch.nn.Parameter(torch.ones(3)),
    "a conjugate view": lambda: torch.ones(3, dtype=torch.complex64).conj(),
    "a hostile subclass of tensor": lambda: torch.ones(3).as_subclass(HostileTensor),
    "a module": lambda: torch.nn.Linear(2, 2),
    "a loss module": torch.nn.MSELoss,
    "a distribution": lambda: torch.distributions.Normal(torch.zeros(2), 1.0),
    "an optimiser": lambda: torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.1),
    "a size": lambda: torch.Size([3]),
    "a dtype": lambda: torch.float32,
    "the result of sort": lambda: torch.ones(3).sort(),
    "a storage": lambda: torch.ones(3).untyped_storage(),
    "an array of texts": lambda: np.array(["a", "b", "c"]),
    "an array of objects": lambda: np.array([object(), None, {}], dtype=object),
    "a structured array": lambda: np.zeros(3, dtype=[("a", float), ("b", int)]),
    "an array of dates": lambda: np.array(["2020-01-01"], dtype="datetime64[D]"),
    "a masked array": lambda: np.ma.masked_array([1.0, 2.0, 3.0], [True, False, False]),
    "a matrix": lambda: np.matrix([[1.0, 2.0]]),
    "a scalar of NumPy": lambda: np.longdouble(2),
    "a text": lambda: "text",
    "a long text": lambda: "x" * 5_000_000,
    "a text with half a character": lambda: "a\ud800b",
    "control characters": lambda: "\x00\x1b[31m",
    "bytes": lambda: b"\xff" * 100_000,
    "a fraction": lambda: fractions.Fraction(1, 3),
    "a decimal": lambda: decimal.Decimal("NaN"),
    "infinity": lambda: float("inf"),
    "a set": lambda: {1.0, 2.0},
    "a range": lambda: range(10**12),
    "a generator": lambda: (n for n in range(3)),
    "an iterator without end": lambda: iter(int, 1),
    "a zip": lambda: zip([1], [2], strict=True),
    "a function": lambda: double,
    "a class": lambda: Record,
    "a method": lambda: [].append,
    "a record": lambda: Record(torch.ones(3)),
    "a namespace": lambda: types.SimpleNamespace(x=torch.ones(3)),
    "a module of Python": lambda: sys,
    "a thread": threading.Thread,
    "a lock": threading.Lock,
    "an exception": lambda: ValueError("returned"),
    "NotImplemented": lambda: NotImplemented,
    "an empty list": list,
    "an empty tuple": tuple,
    "an empty dict": dict,
    "rows of unequal length": lambda: [[1.0], [2.0, 3.0]],
    "a list of texts": lambda: ["1", "2", "3"],
    "a list of None": lambda: [None, None, None],
    "a dict of long keys": lambda: {"k" * 100_000 + str(i): i for i in range(20)},
    "a dict of a million entries": lambda: dict.fromkeys(range(1_000_000)),
    "a dict of odd keys": lambda: {Raises(ValueError("key").__class__): 1} if False else {(): 1, None: 2},
    "what raises": lambda: Raises(ValueError("no")),
    "what exits": lambda: Raises(SystemExit("no")),
    "what interrupts": lambda: Raises(KeyboardInterrupt()),
    "what recurses": lambda: Raises(RecursionError()),
    "a list of what raises": lambda: [Raises(ValueError("no"))] * 3,
    "a tuple with what exits": lambda: (torch.ones(3), Raises(SystemExit())),
    "a dict with what raises": lambda: {"a": Raises(ValueError("no"))},
    "a hostile mapping": lambda: HostileMapping(a=1),
    "what is never shown": Endless,
    "a list of what is never shown": lambda: [Endless(), 1.0],
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_an_odd_value_gets_a_card(bank, shown, name):
    start = time.monotonic()
    assert check("99.double", lambda x: ODD[name]()) is double
    assert time.monotonic() - start < 30
    assert "Not yet right" in look(shown) or "Not started" in look(shown)


@pytest.mark.parametrize("name", ODD)
def test_an_odd_answer_gets_a_card(bank, shown, name):
    check("99.double", ODD[name]())
    look(shown)


@pytest.mark.parametrize(
    "name", ["what raises", "what exits", "what is never shown", "a long text", "a module"]
)
def test_an_odd_prediction_gets_a_card(bank, shown, name):
    bank(reference="inclusive", cases=None, mistakes=())
    assert check("99.double", ODD[name]()) == "inclusive"
    look(shown)


def test_an_odd_value_reaches_neither_judge_nor_probe_unguarded(bank, shown):
    bank(judge=lambda measured, expected, x: None if float(measured.sum()) > 1e9 else "Too small.")
    for name in ("what raises", "what exits", "a text", "a module"):
        shown.clear()
        check("99.double", lambda x, name=name: ODD[name]())
        card = look(shown)
        assert "could not be used further" in card or "kind of answer" in card or "when it was used" in card
    bank(probe=lambda answer, x: answer(x).sum())
    for name in ("what raises", "what exits", "a text", "a module"):
        shown.clear()
        check("99.double", lambda x, name=name: ODD[name]())
        assert "kind of answer" in look(shown) or "when it was used" in look(shown)


def test_what_came_is_said(bank, shown):
    for name, words in (
        ("a tensor without values", "meta device, which has no values"),
        ("a nested tensor", "a nested tensor"),
        ("a module", "Linear"),
        ("a record", "Record(value=tensor("),
        ("a number of ten thousand digits", "a whole number of about 10,001 digits"),
        ("a list that contains itself", "a list of 1 results"),
        ("a complex tensor", "complex numbers"),
        ("what is never shown", "What your answer returned or raised could not be read within 0.5 seconds"),
        ("a tensor that claims a terabyte", "too large to be looked at"),
    ):
        shown.clear()
        check("99.double", lambda x, name=name: ODD[name]())
        assert words in look(shown)


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no words")


class Quits(Exception):
    def __str__(self):
        raise SystemExit("out")


class Talks(Exception):
    def __str__(self):
        while True:
            pass


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Mute(), "Mute: (its message cannot be shown)"),
        (Quits(), "Quits: (its message cannot be shown)"),
        (ValueError("x" * 3_000_000), "ValueError: xxx"),
        (ValueError("half \ud800 a character"), "ValueError: half � a character"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (type("E" * 100_000, (Exception,), {})(), "EEE"),
        (Talks(), "could not be read"),
        (BaseExceptionGroup("several", [ValueError(1), SystemExit()]), "several"),
    ],
)
def test_an_odd_exception_gets_a_card(bank, shown, error, words):
    def broken(x):
        raise error

    assert check("99.double", broken) is double
    assert words in look(shown)


def test_long_names_and_keys_and_rejections_are_cut(bank, shown):
    def probe(answer, x):
        raise Reject("no " * 1_000_000)

    bank(probe=probe, title="T" * 100_000, id="99." + "n" * 5000)
    namespace = {}
    exec(f"def {'f' * 50_000}(x):\n    return {{'k' * 1_000_000: x}}", namespace)
    check("99.double", namespace["f" * 50_000])
    look(shown)
    shown.clear()
    bank()
    check("99.double", namespace["f" * 50_000])
    look(shown)


def test_an_unknown_id_of_a_megabyte(shown):
    check("99." + "x" * 1_000_000, double)
    look(shown)


def test_half_characters_can_be_printed(bank, shown, capsys):
    def loud(x):
        print("half \ud800 a character")
        return 2 * x

    assert check("99.double", loud) is loud
    capsys.readouterr().out.encode("utf-8")


def test_a_thread_that_the_answer_started_is_named_on_the_card(bank, shown, capsys):
    def starts(x):
        def work():
            while True:
                print("still here")

        threading.Thread(target=work, name="background", daemon=True).start()
        return 2 * x

    assert check("99.double", starts) is starts
    card = look(shown)
    assert "Passed" in card
    assert "A thread that your code started was stopped: `background`, line" in card
    assert len(capsys.readouterr().out.splitlines()) < 60


def test_a_thread_left_behind_is_named_on_this_card_and_on_the_next(bank, shown):
    release = threading.Event()

    def stuck(x):
        release.wait()

    bank(time_limit=0.1)
    check("99.double", stuck)
    card = look(shown)
    assert "its thread `course-exercise-" in card
    assert "restart it (menu Kernel, Restart); nothing is lost" in card
    assert "it waits for something, or this machine is busy" in card
    shown.clear()
    check("99.double", double)
    assert "of an earlier answer still runs" in look(shown)
    release.set()


def test_a_wrong_value_is_told_even_when_a_later_input_is_too_slow(bank, shown):
    def slow(x):
        while len(x) == 2:
            pass
        return -2 * x

    bank(time_limit=0.2)
    check("99.double", slow)
    card = look(shown)
    assert "The sign." in card
    assert "On the input after that it was stopped" in card


def test_memory_is_not_filled(bank, shown, monkeypatch):
    from course_lib.exercises import limits, memory

    if not memory.resident():
        pytest.skip("this system does not tell how much memory is held")
    monkeypatch.setattr(limits, "_MEMORY", 200 << 20)
    bank(time_limit=60.0)

    def piles_up(x):
        rows = []
        while True:
            rows.append(torch.ones(1 << 18))

    check("99.double", piles_up)
    assert "took more than 2 GB of memory" in look(shown)


def test_an_error_in_an_earlier_answer_names_both_lines(bank, shown):
    import linecache

    for name, source in (
        ("<cell one>", "import torch\n\ndef helper(x):\n    return torch.linalg.inv(x)\n"),
        ("<cell two>", "def mine(x):\n    y = 2 * x\n    return helper(y)\n"),
    ):
        linecache.cache[name] = (len(source), None, source.splitlines(True), name)
        namespace = locals().setdefault("namespace", {})
        exec(compile(source, name, "exec"), namespace)
    check("99.double", namespace["mine"])
    assert (
        "line 3: return helper(y)  →  in `helper`, which stands in another cell, line 4: return torch.linalg.inv(x)"
    ) in look(shown)


def test_a_missing_mean_is_no_error_of_the_function(bank, shown):
    def probe(answer, x):
        x = x.clone().requires_grad_(True)
        value = answer(x)
        return {"loss": value, "gradient": torch.autograd.grad(value, x)[0]}

    bank(reference=lambda x: (x**2).mean(), probe=probe, mistakes=())
    check("99.double", lambda x: x**2)
    card = look(shown)
    assert "stopped" not in card
    assert "What your function returns has too many entries; its mean is the expected one on all" in card
    assert "one number" in card


def test_a_probe_that_cannot_use_the_answer_says_what_came(bank, shown):
    bank(
        probe=lambda answer, x: answer(x).no_such_thing,
        reference=lambda x: types.SimpleNamespace(no_such_thing=x),
    )
    check("99.double", lambda x: torch.ones(3))
    assert "kind of answer" in look(shown)
    assert "an array of shape (3,)" in look(shown)


def test_a_first_call_that_is_wrong_is_told_before_the_error_of_a_later_one(bank, shown):
    def step(w, theta):
        return w + torch.ones(3, dtype=w.dtype), theta + torch.ones(2, dtype=w.dtype)

    def probe(answer, w, theta):
        first = answer(w, theta)
        return first, answer(*first)

    cases = [tuple(torch.randn(n, dtype=torch.float64) for n in (3, 2)) for _ in range(2)]
    bank(reference=step, cases=lambda rng: cases, probe=probe, mistakes=())
    check("99.double", lambda w, theta: step(w, theta)[::-1])
    assert "Results 1 and 2 have changed places on all 2 inputs" in look(shown)


# --- records ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"COURSE_HOME": "~nouser-of-this-name/c"}, "No home folder could be found"),
        ({"COURSE_HOME": ""}, "No home folder could be found"),
    ],
)
def test_without_a_home_folder_memory_counts_and_the_card_says_so(bank, shown, monkeypatch, variables, words):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    # What expanduser does for a user id without an entry.
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    assert check("99.double", double) is double
    card = look(shown)
    assert "Passed" in card
    assert words in card
    assert store.entries()[0]["99.double"]["passed"]


def test_a_record_that_fails_leaves_the_verdict(bank, shown, monkeypatch):
    def broken(*_args, **_keywords):
        raise RuntimeError("the disk is on fire")

    monkeypatch.setattr(store, "record", broken)

    def mine(x):
        return x + x

    assert check("99.double", mine) is mine
    assert "Passed" in look(shown)
    assert "could not be recorded in your progress (RuntimeError: the disk is on fire)" in look(shown)


# --- the copies themselves ----------------------------------------------------------------------------------------


def test_a_frozen_value_does_not_change_any_more():
    x = torch.ones(3)
    array = np.ones(3)
    frozen = freeze((x, array))
    x.zero_()
    array[:] = 0
    assert brief(frozen) == "([1, 1, 1], [1, 1, 1])"
    assert compare(frozen, (torch.ones(3), torch.ones(3))) is None
    assert freeze(frozen[0]) is frozen[0]


def test_cases_and_their_labels_are_shown_without_a_sign_at_zero(bank, shown):
    bank(cases=lambda rng: [Case((torch.tensor([-0.0, 1.0]),), "zero"), Case((torch.tensor([2.0, 1.0]),))])
    check("99.double", lambda x: x.sin() - 3)
    assert "zero: [0, 1]" in look(shown)
    assert "Expected (entry [0])  0" in look(shown)
