"""Import NNI as rnas does, before any test does: its first import writes a file and warns about classes of torch."""

import rnas.nas.nni._library  # noqa: F401
