import numpy as np


def paint(frame, ratio=2.0, place=0):
    return np.full((4, 4, 4), 255, np.uint8)
