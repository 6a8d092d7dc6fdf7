"""How good samples are: Inception score, Frechet and kernel distances, precision and recall."""

from course_lib.evaluation.estimate import Estimate
from course_lib.evaluation.extrapolate import ExtrapolatedFid, fid_infinity
from course_lib.evaluation.fid_score import fid
from course_lib.evaluation.inception import InceptionFeatures, InceptionUnavailable
from course_lib.evaluation.kernel_distance import cmmd, kid
from course_lib.evaluation.label_scores import LabelEntropies, inception_score, label_entropies
from course_lib.evaluation.neighbours import PrecisionRecall, precision_recall
from course_lib.evaluation.statistics import FeatureStatistics

__all__ = [
    "Estimate",
    "ExtrapolatedFid",
    "FeatureStatistics",
    "InceptionFeatures",
    "InceptionUnavailable",
    "LabelEntropies",
    "PrecisionRecall",
    "cmmd",
    "fid",
    "fid_infinity",
    "inception_score",
    "kid",
    "label_entropies",
    "precision_recall",
]
