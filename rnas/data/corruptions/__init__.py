"""Compute the common corruptions of images (Hendrycks and Dietterich, ICLR 2019), or read them from published files."""
