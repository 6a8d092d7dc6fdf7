"""How likelihood models are trained and understood: mean field, evidence bounds, priors, flows."""

from course_lib.variational.mean_field import MeanFieldPath, coordinate_ascent, mean_field_gaussian

__all__ = ["MeanFieldPath", "coordinate_ascent", "mean_field_gaussian"]
