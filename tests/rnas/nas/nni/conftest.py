# Before a test imports NNI itself: there its import is kept from warning.
import rnas.nas.nni  # noqa: F401
