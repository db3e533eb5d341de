"""The common corruptions of images (Hendrycks and Dietterich, ICLR 2019): computed, or read from published files."""
