"""Names of what attacks maximise and of how they treat a network; they can be imported without torch."""

from typing import Literal

LossName = Literal["cross-entropy", "margin", "cw", "dlr", "kl"]
"""What an attack maximises; ``kl`` needs the prediction on the image as it is, the others its label."""

Mode = Literal["eval", "train", "train-updating"]
"""What normalisation layers do while a network is attacked.

``eval``: they use their running statistics. ``train``: they use those of the attacked batch, and the running ones
stay (Gowal et al., 2020). ``train-updating``: every attack step changes the running ones too, as released code of
some papers does; only for repeating their numbers.
"""
