"""The Inception extra: its sentences always; the network's real structure with random weights where it is installed."""

import math
import sys

import pytest
import torch

from course_lib.evaluation import InceptionFeatures, InceptionUnavailable, fid, inception, inception_score


@pytest.fixture(scope="module")
def network():
    try:
        return InceptionFeatures("random")
    except InceptionUnavailable as error:
        pytest.skip(str(error))


def images(n=4, size=20, channels=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(256, (n, channels, size, size), generator=generator, dtype=torch.uint8)


def test_without_the_package_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    with pytest.raises(InceptionUnavailable, match=r"pip install -e \.\[inception\]"):
        InceptionFeatures()


def test_a_torchvision_for_another_torch_is_a_sentence_too(monkeypatch, tmp_path):
    (tmp_path / "torch_fidelity.py").write_text(
        "raise RuntimeError('operator torchvision::nms does not exist')"
    )
    for name in [name for name in sys.modules if name.split(".")[0] == "torch_fidelity"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InceptionUnavailable, match="torchvision does not fit this torch"):
        InceptionFeatures()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"weights": 3}, "weights: expected a path, 'random' or None, got 3"),
        ({"download": "no"}, "download: expected True or False, got 'no'"),
        ({"device": "graphics"}, "device: expected 'cpu'.* got 'graphics'"),
        ({"seed": -1}, "seed: expected an integer from 0 to 4294967295, got -1"),
        ({"seed": 0.5}, "seed: expected an integer"),
    ],
)
def test_what_is_no_setting_is_named_with_and_without_the_package(arguments, says, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    with pytest.raises(ValueError, match=says):
        InceptionFeatures(**arguments)


def test_without_weights_one_sentence_names_the_place(network, monkeypatch, tmp_path):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(InceptionUnavailable, match=f"the weights are not at {tmp_path}.*download=True"):
        InceptionFeatures()
    with pytest.raises(InceptionUnavailable, match="there is no file"):
        InceptionFeatures(tmp_path / "mine.pth")


def test_a_damaged_or_foreign_file_is_a_sentence(network, tmp_path):
    file = tmp_path / "weights.pth"
    file.write_bytes(b"half a file")
    with pytest.raises(InceptionUnavailable, match="cannot be read"):
        InceptionFeatures(file)
    torch.save({"weight": torch.ones(2)}, file)
    with pytest.raises(InceptionUnavailable, match="do not fit"):
        InceptionFeatures(file)


def test_stored_weights_give_the_stored_network(network, tmp_path):
    file = tmp_path / "weights.pth"
    torch.save(network.network.state_dict(), file)
    again = InceptionFeatures(file, seed=5)
    torch.testing.assert_close(again.features(images(2)), network.features(images(2)))


def test_the_structure_has_the_sizes_of_the_papers(network):
    assert network.features(images(3)).shape == (3, 2048)
    probabilities = network.probabilities(images(3))
    assert probabilities.shape == (3, 1008)
    torch.testing.assert_close(probabilities.sum(-1), torch.ones(3))
    # Convolutions 21,785,568 (weights and batch normalisation), the last layer 2048 * 1008 + 1008.
    parameters = sum(p.numel() for p in network.network.parameters())
    assert parameters == 21_785_568 + 2048 * 1008 + 1008


def test_batches_do_not_change_the_features(network):
    torch.testing.assert_close(
        network.features(images(), batch_size=3),
        network.features(images(), batch_size=1),
        rtol=1e-4,
        atol=1e-5,
    )


def test_floats_and_grey_images_are_the_bytes_they_stand_for(network):
    bytes_ = images(2, channels=1)
    expected = network.features(bytes_.expand(-1, 3, -1, -1))
    torch.testing.assert_close(network.features(bytes_.double() / 255), expected)


def test_scores_run_from_images_to_numbers(network):
    real, fake = images(4), images(4, seed=1)
    assert float(fid(network.features(real), network.features(real))) == 0
    assert float(fid(network.features(real), network.features(fake))) > 0
    assert 1 <= float(inception_score(network.probabilities(fake))) <= 4


def test_random_weights_leave_the_global_seed_alone(network):
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    InceptionFeatures("random")
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (torch.zeros(2, 8, 8), r"got shape \(2, 8, 8\)"),
        (torch.zeros(2, 4, 8, 8), "shape"),
        (torch.full((2, 3, 8, 8), 2.0), "from 0 to 1"),
        (torch.full((2, 3, 8, 8), math.nan), "from 0 to 1"),
        (torch.zeros(2, 3, 8, 8, dtype=torch.int64), "uint8"),
        ([[0.0]], r"got shape \(1, 1\)"),
        ("pixels", "numbers, got .pixels."),
    ],
)
def test_bad_images_are_refused(bad, says):
    with pytest.raises(ValueError, match=f"images: .*{says}"):
        inception._pixels(bad)
