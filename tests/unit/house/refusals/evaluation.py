"""One valid call of each function of ``course_lib.evaluation``."""

import torch

from course_lib.evaluation import FeatureStatistics, InceptionFeatures

X = [[0.0, 1.0], [2.0, 0.0], [1.0, 3.0], [1.5, 1.0]]
Y = [[1.0, 0.0], [0.0, 2.0], [3.0, 1.0], [0.5, 0.5], [2.0, 2.0]]
FACTORS = [[0, 0], [0, 1], [1, 0], [1, 1]]
ONE_HOT = [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]


def two_sets(**more):
    return {"features_p": X, "features_q": Y, **more}


def coded(**more):
    return {"codes": X, "factors": FACTORS, **more}


def seeded():
    return torch.Generator().manual_seed(0)


def without_network():
    """The extractor with a stand-in for its network, which is an extra of the course."""
    found = object.__new__(InceptionFeatures)
    found.device = torch.device("cpu")
    found.network = lambda images: (torch.zeros(len(images), 2048), torch.zeros(len(images), 1008))
    return found


def of_images():
    return {"self": without_network(), "images": torch.full((2, 3, 4, 4), 0.5), "progress": False}


CALLS = {
    "FeatureStatistics.merge": lambda: {
        "self": FeatureStatistics().update(X), "other": FeatureStatistics().update(Y)
    },
    "FeatureStatistics.update": lambda: {"self": FeatureStatistics(), "features": X},
    "InceptionFeatures.features": of_images,
    "InceptionFeatures.probabilities": of_images,
    "beta_vae_score": lambda: coded(batch=2, points=20, generator=seeded()),
    "classifier_two_sample_test": lambda: {"x": X, "y": Y, "generator": seeded()},
    "cmmd": two_sets,
    "dci_disentanglement": lambda: coded(trees=2, generator=seeded()),
    "disentanglement_of": lambda: {"importance": X},
    "factor_information": lambda: coded(bins=3),
    "factor_vae_score": lambda: coded(batch=2, points=20, prune=0.05, generator=seeded()),
    "fid": two_sets,
    "fid_infinity": lambda: two_sets(sizes=[2, 3, 4], generator=seeded()),
    "inception_score": lambda: {"probabilities": ONE_HOT, "splits": 2},
    "kid": lambda: two_sets(subsets=3, subset_size=2, generator=seeded()),
    "label_entropies": lambda: {"probabilities": ONE_HOT},
    "mig": lambda: coded(bins=3),
    "modularity": lambda: coded(bins=3),
    "permutation_test": lambda: {
        "x": X, "y": Y, "statistic": lambda a, b: a.mean(), "permutations": 3, "generator": seeded()
    },
    "precision_recall": lambda: {"real": X, "fake": Y},
    "sap": lambda: coded(form="svm", generator=seeded()),
}  # fmt: skip

RECORDS = {
    "FeatureStatistics": "made without arguments",
    "InceptionFeatures": "its network is an extra that need not be there; test_inception asks about its arguments",
    "InceptionUnavailable": "an exception",
}

NO_PROBABILITIES = [[[0.5, 0.6], [0.5, 0.5]], [[-0.5, 1.5], [0.5, 0.5]], [[0.0, 0.0], [0.5, 0.5]]]

CODED = (
    "beta_vae_score",
    "dci_disentanglement",
    "factor_information",
    "factor_vae_score",
    "mig",
    "modularity",
    "sap",
)

OUTSIDE = {
    **{(name, "factors"): [[[0, 0], [0, 1]], [[0, 1], [0, 2], [0, 3], [0, 4]], [[0.5, 1], [1, 2], [2, 3], [3, 4]]]
       for name in CODED},
    ("disentanglement_of", "importance"): [[[1.0, -0.5], [0.0, 1.0]], [[1.0], [2.0]]],
    **{(name, "features_q"): [[[1.0], [2.0]], [[1.0, 2.0]], [1.0, 2.0, 3.0]] for name in (
        "cmmd", "fid", "fid_infinity", "kid")},
    ("FeatureStatistics.merge", "other"): [FeatureStatistics().update([[1.0], [2.0]])],
    ("InceptionFeatures.features", "images"): [torch.full((1, 3, 4, 4), 255.0), torch.zeros(1, 2, 4, 4)],
    ("InceptionFeatures.probabilities", "images"): [torch.full((1, 3, 4, 4), -0.1), torch.zeros(3, 4, 4)],
    ("fid_infinity", "features_p"): [FeatureStatistics().update(X)],
    ("fid_infinity", "sizes"): [[2], [1, 3], [2, 5], [2.5, 3], [2, 2]],
    ("inception_score", "probabilities"): NO_PROBABILITIES,
    ("label_entropies", "probabilities"): NO_PROBABILITIES,
    ("inception_score", "splits"): [4],
    ("kid", "subset_size"): [5],
    ("classifier_two_sample_test", "y"): [[[1.0], [2.0]], [[1.0, 2.0]]],
    ("permutation_test", "statistic"): [lambda a, b: a.mean(0), lambda a, b: float("nan"), lambda a, b: None],
    ("permutation_test", "y"): [[[1.0], [2.0]]],
    ("precision_recall", "fake"): [[[1.0], [2.0]], [[1.0, 2.0]]],
    ("precision_recall", "k"): [4],
}  # fmt: skip

VALID = {("factor_vae_score", "prune", "zero"): "only latents that never move are left out"}
