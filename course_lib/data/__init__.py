"""What the models are trained on: real digits that come with the package, sprites made by code, small distributions."""

from course_lib.data.digits import DigitSplit, load_digits
from course_lib.data.sprite_images import Sprites, sprites
from course_lib.data.toy import Toy, grid_of_gaussians, ring, segment, spiral, two_blobs, two_moons

__all__ = [
    "DigitSplit",
    "Sprites",
    "Toy",
    "grid_of_gaussians",
    "load_digits",
    "ring",
    "segment",
    "spiral",
    "sprites",
    "two_blobs",
    "two_moons",
]
