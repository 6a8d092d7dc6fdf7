"""How good samples are: Inception score, Frechet and kernel distances, precision and recall, two-sample tests, and how
well codes take factors apart.
"""

from course_lib.evaluation.attribute_gap import sap
from course_lib.evaluation.classifier_test import ClassifierTest, classifier_two_sample_test
from course_lib.evaluation.estimate import Estimate
from course_lib.evaluation.extrapolate import ExtrapolatedFid, fid_infinity
from course_lib.evaluation.fid_score import fid
from course_lib.evaluation.fixed_factor import beta_vae_score, factor_vae_score
from course_lib.evaluation.importance import dci_disentanglement, disentanglement_of
from course_lib.evaluation.inception import InceptionFeatures, InceptionUnavailable
from course_lib.evaluation.kernel_distance import cmmd, kid
from course_lib.evaluation.label_scores import LabelEntropies, inception_score, label_entropies
from course_lib.evaluation.latent_information import (
    FactorInformation,
    factor_information,
    mig,
    modularity,
)
from course_lib.evaluation.neighbours import PrecisionRecall, precision_recall
from course_lib.evaluation.permutation import PermutationTest, permutation_test
from course_lib.evaluation.statistics import FeatureStatistics

__all__ = [
    "ClassifierTest",
    "Estimate",
    "ExtrapolatedFid",
    "FactorInformation",
    "FeatureStatistics",
    "InceptionFeatures",
    "InceptionUnavailable",
    "LabelEntropies",
    "PermutationTest",
    "PrecisionRecall",
    "beta_vae_score",
    "classifier_two_sample_test",
    "cmmd",
    "dci_disentanglement",
    "disentanglement_of",
    "factor_information",
    "factor_vae_score",
    "fid",
    "fid_infinity",
    "inception_score",
    "kid",
    "label_entropies",
    "mig",
    "modularity",
    "permutation_test",
    "precision_recall",
    "sap",
]
