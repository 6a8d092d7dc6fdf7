"""Features of the standard Inception network, so that FID and Inception score are the numbers of papers.

The network and its weights are those of torch-fidelity, which the extra ``inception`` installs. Nothing is downloaded
unless it is asked for.

Source: I24 Frechet Inception Distance; Heusel et al. 2017, arXiv:1706.08500.
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from course_lib import checks

__all__ = ["InceptionFeatures", "InceptionUnavailable"]

_LAYERS = ("2048", "logits_unbiased")


class InceptionUnavailable(RuntimeError):
    """The package or the weights are missing; the message is one sentence that says what to do."""


class InceptionFeatures:
    """The standard Inception network, ready to be asked for features and label probabilities.

    Args:
        weights: the file of weights; without it the file is looked for where torch keeps its checkpoints.
            ``"random"`` draws weights instead: right shapes, meaningless numbers, for tests.
        download: let the package fetch the weights (about 90 MB) when they are not there.
        device: where the network computes; the CPU by default.
        seed: of the random weights.

    Raises:
        InceptionUnavailable: the package cannot be imported, or the weights are missing or damaged.
    """

    def __init__(
        self,
        weights: str | Path | None = None,
        *,
        download: bool = False,
        device: torch.device | str = "cpu",
        seed: int = 0,
    ):
        if weights is not None and not isinstance(weights, (str, os.PathLike)):
            raise checks.refuse("weights", "a path, 'random' or None", weights)
        download, seed = checks.flag("download", download), checks.integer("seed", seed, 0, 2**32 - 1)
        self.device = checks.device("device", "cpu" if device is None else device)
        module = _package()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = _structure(module)
        if weights != "random":
            state = _weights(module, weights, download)
            try:
                network.load_state_dict(state)
            except (RuntimeError, TypeError, AttributeError) as error:
                raise InceptionUnavailable(
                    "the weights do not fit the Inception network: get the file that torch-fidelity names and pass"
                    " its path as weights=..."
                ) from error
        self.network = network.to(self.device).eval()

    def features(self, images: Tensor, *, batch_size: int = 50, progress: bool = True) -> Tensor:
        """What FID, KID and precision and recall are computed from: shape (n, 2048), float32.

        Args:
            images: shape (n, 3, height, width) of any size (the network resizes to 299 x 299), either uint8 or floats
                from 0 to 1; one channel instead of three is repeated.
            batch_size: images at a time.
            progress: show a bar.

        Raises:
            ValueError: another shape or range.
        """
        return self._run(images, batch_size, progress, lambda out: out[0])

    def probabilities(self, images: Tensor, *, batch_size: int = 50, progress: bool = True) -> Tensor:
        """p(y|x) for the Inception score: shape (n, 1008), from the logits without their bias, as papers compute it."""
        return self._run(images, batch_size, progress, lambda out: out[1].softmax(-1))

    @torch.no_grad()
    def _run(self, images: Tensor, batch_size: int, progress: bool, pick: Callable) -> Tensor:
        images, batch_size = _pixels(images), checks.integer("batch_size", batch_size, 1)
        progress = checks.flag("progress", progress)
        parts = tqdm(images.split(batch_size), desc="Inception", disable=not progress, leave=False)
        return torch.cat([pick(self.network(part.to(self.device))) for part in parts])


def _package():
    try:
        from torch_fidelity import feature_extractor_inceptionv3
    except ImportError as error:
        raise InceptionUnavailable(
            "the Inception network is an extra of this course: install it with"
            " `pip install -e .[inception]` and run this again"
        ) from error
    except RuntimeError as error:  # torchvision was built for another torch
        raise InceptionUnavailable(
            "torchvision does not fit this torch: install both again from one index"
            " (a CPU build of torch needs a CPU build of torchvision)"
        ) from error
    return feature_extractor_inceptionv3


def _structure(module) -> nn.Module:
    """The network with random weights; the package's own constructor would load some at once."""

    class Unloaded(module.FeatureExtractorInceptionV3):
        def load_state_dict(self, state_dict, *args, **kwargs):
            return super().load_state_dict(state_dict, *args, **kwargs) if state_dict else None

    with tempfile.TemporaryDirectory() as folder:
        nothing = Path(folder) / "nothing.pth"
        torch.save({}, nothing)
        return Unloaded("inception", list(_LAYERS), feature_extractor_weights_path=str(nothing))


def _weights(module, path: str | Path | None, download: bool) -> dict[str, Tensor]:
    url = module.URL_INCEPTION_V3
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    file = folder / Path(url).name if path is None else Path(path)
    if not file.is_file() and download and path is None:
        try:
            return torch.hub.load_state_dict_from_url(url, map_location="cpu", weights_only=True)
        except OSError as error:
            raise InceptionUnavailable(
                f"the weights could not be downloaded ({error}): get {url} elsewhere and pass its path as weights=..."
            ) from error
    if not file.is_file():
        raise InceptionUnavailable(
            f"the weights are not at {file}: pass download=True, or get {url} and put it there"
            if path is None
            else f"weights: there is no file {file}; expected the file that {url} names"
        )
    try:
        # A file from elsewhere may hold tensors only, never code.
        return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        raise InceptionUnavailable(
            f"the weights at {file} cannot be read: delete the file and get it again"
        ) from error


def _pixels(images: Tensor) -> Tensor:
    if not isinstance(images, Tensor):
        # Arrays of bytes are 8-bit images; all other numbers lie between 0 and 1.
        bytes_ = isinstance(images, np.ndarray) and images.dtype == np.uint8
        images = torch.from_numpy(images) if bytes_ else checks.tensor("images", images)
    if images.ndim != 4 or images.shape[1] not in (1, 3) or 0 in images.shape:
        wanted = "images: expected shape (n, 3, height, width) or (n, 1, height, width)"
        raise ValueError(f"{wanted}, got shape {tuple(images.shape)}")
    if images.dtype.is_floating_point:
        if not bool(((images >= 0) & (images <= 1)).all()):
            raise ValueError("images: expected floats from 0 to 1, got values outside (or NaN)")
        images = (images * 255).round().to(torch.uint8)
    elif images.dtype != torch.uint8:
        raise ValueError(f"images: expected uint8 or floats from 0 to 1, got {images.dtype}")
    return images.expand(-1, 3, -1, -1)
