from .judgement import (
    Judgement as Judgement,
    judge as judge,
)
from .naswot import naswot as naswot
from ._partial_tau import partial_tau as partial_tau
from .proxy import (
    Proxy as Proxy,
    untrained as untrained,
)
from .synflow import synflow as synflow
