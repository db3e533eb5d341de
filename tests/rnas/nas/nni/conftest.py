# This comes before a test imports NNI itself, and silences the warnings of that import.
import rnas.nas.nni  # noqa: F401
