"""Names of what attacks maximise and of how they treat a network; they can be imported without torch."""

from typing import Literal

LossName = Literal["cross-entropy", "margin", "cw", "dlr", "kl"]
"""The loss that an attack maximises; ``kl`` needs the prediction on the original image, the others its label."""

Mode = Literal["eval", "train", "train-updating"]
"""The mode of normalisation layers while a network is attacked.

``eval``: they use their running statistics. ``train``: they use the statistics of the attacked batch and do not change
the running ones (Gowal et al., 2020). ``train-updating``: every attack step changes the running statistics too, as the
released code of some papers does; use it only to repeat the numbers of these papers.
"""
