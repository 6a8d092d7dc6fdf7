"""A second device that every machine has: torch's meta device, whose tensors have shapes and no numbers.

Training that runs there cannot use a tensor that was left on the CPU (torch refuses the mixture), and a result that is
looked at without ``.cpu()`` is refused as on a GPU. What comes back by ``.cpu()``, ``.item()`` or ``float`` is zeros:
where things are is tested here, never what they are worth.
"""

import contextlib
import sys

import torch
from torch.overrides import TorchFunctionMode

META = torch.device("meta")
_TO_NUMBER = {
    torch.Tensor.item: 0.0,
    torch.Tensor.__float__: 0.0,
    torch.Tensor.__int__: 0,
    torch.Tensor.__bool__: True,
}


class _Readable(TorchFunctionMode):
    """Lets numbers leave the meta device as zeros, on the ways by which they leave a GPU."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        tensor = args[0] if args else None
        if isinstance(tensor, torch.Tensor) and tensor.device == META:
            if function in _TO_NUMBER:
                return _TO_NUMBER[function]
            if function is torch.Tensor.tolist:
                return torch.zeros(tensor.shape).tolist()
            home = function is torch.Tensor.to and any(
                str(value) == "cpu"
                for value in (*args[1:], *kwargs.values())
                if isinstance(value, str | torch.device)
            )
            if function is torch.Tensor.cpu or home:
                return torch.zeros(tensor.shape, dtype=tensor.dtype)
        return function(*args, **kwargs)


@contextlib.contextmanager
def second_device():
    """Within the block ``get_device`` answers with the second device, wherever it was imported."""
    changed = []
    for name, module in list(sys.modules.items()):
        if name.startswith("course_lib") and hasattr(module, "get_device"):
            changed.append((module, module.get_device))
            module.get_device = lambda *_, **__: META
    try:
        with _Readable():
            yield META
    finally:
        for module, before in changed:
            module.get_device = before
