from . import counter_noise as counter_noise
from .files import (
    file_hash as file_hash,
    write_text as write_text,
)
from .provenance import (
    device_name as device_name,
    versions as versions,
)
from .quantities import (
    format_size as format_size,
    parse_fraction as parse_fraction,
    parse_size as parse_size,
)
