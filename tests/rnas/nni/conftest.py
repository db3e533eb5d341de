# Before a test imports NNI itself: there its import is kept from warning.
import rnas.nni  # noqa: F401
