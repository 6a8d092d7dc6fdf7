"""What the models are trained on: real digits that come with the package, sprites made by code, small distributions."""

from course_lib.data.digits import DigitSplit, load_digits
from course_lib.data.sprite_images import Sprites, sprites
from course_lib.data.toy import Toy, ring, segment, spiral, two_blobs

__all__ = [
    "DigitSplit",
    "Sprites",
    "Toy",
    "load_digits",
    "ring",
    "segment",
    "spiral",
    "sprites",
    "two_blobs",
]
