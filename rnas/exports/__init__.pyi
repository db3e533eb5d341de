from .format import Format as Format
from .network import Network as Network
from .nni_member import load_member as load_member
from .verification import (
    TOLERANCE as TOLERANCE,
    Agreement as Agreement,
    Written as Written,
    verify as verify,
)
