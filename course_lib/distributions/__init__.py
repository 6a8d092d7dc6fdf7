"""What ``torch.distributions`` lacks for this course: checked input, log densities that know where mass ends."""
