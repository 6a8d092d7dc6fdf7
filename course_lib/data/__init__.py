"""What the models are trained on: real digits that come with the package, and small distributions in the plane."""

from course_lib.data.digits import DigitSplit, load_digits
from course_lib.data.toy import Toy, grid_of_gaussians, ring, segment, spiral, two_blobs, two_moons

__all__ = [
    "DigitSplit",
    "Toy",
    "grid_of_gaussians",
    "load_digits",
    "ring",
    "segment",
    "spiral",
    "two_blobs",
    "two_moons",
]
