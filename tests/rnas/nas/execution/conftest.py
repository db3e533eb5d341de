"""A cluster of Ray on this host."""

from collections.abc import Iterator
from typing import Any

import pytest

from rnas.nas.execution import ray_tasks


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[Any]:
    """Two nodes of one core each, to which this process is connected; the second may be removed."""
    pytest.importorskip("ray", reason="the extra ray is not installed")
    ray = ray_tasks._library()
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
        cluster.add_node(num_cpus=1)
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()
