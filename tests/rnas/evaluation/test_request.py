from pathlib import Path
from types import SimpleNamespace

import pytest

from rnas.attacks.pgd import PGD
from rnas.evaluation._request import Request
from rnas.evaluation.threats import parse_threat


@pytest.mark.parametrize(
    ("network", "name"),
    [
        ("robust-resnet-a1", "robust-resnet-a1"),
        ("wrn-34-r-gamma-0.25", "wrn-34-r-gamma-0.25"),
        ("runs/digits-1:knee", "digits-1-knee"),
        ("runs/digits-1:at:200M", "digits-1-at-200M"),
        ("/data/nets/net.json", "net"),
        ("runs/digits-1/checkpoints/f451f3d41a56.safetensors", "digits-1-f451f3d41a56"),
        ("trainings/a1/best.safetensors", "a1-best"),
        ("../best.safetensors", "best"),
        ("/", "network"),
    ],
)
def test_short_names_for_files(network: str, name: str) -> None:
    assert Request(network=network).name == name


def test_names_of_attacks_are_in_lower_case() -> None:
    attack = PGD(1 / 10, 2)
    request = Request(network="net.json", attacks=("FGSM", " PGD20", attack))
    assert request.attacks == ("fgsm", "pgd20", attack)


def test_all_of_it_is_recorded() -> None:
    request = Request(network="net.json", weights=Path("a/b.pth"), threats=(parse_threat("l2:0.5"),), images=5)
    recorded = request.to_dict()
    assert recorded["weights"] == "a/b.pth"
    assert recorded["threats"] == ["l2:0.5"]
    assert (recorded["attacks"], recorded["images"], recorded["output"]) == (["fgsm", "pgd20", "pgd20-margin"], 5, None)


@pytest.mark.parametrize(("gigabytes", "images"), [(8, 500), (24, 500), (80, 1500), (139, 2000), (288, 2000)])
def test_a_gpu_takes_more_images_at_a_time_the_more_memory_it_has(
    gigabytes: int, images: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    properties = SimpleNamespace(total_memory=gigabytes * 2**30)
    monkeypatch.setattr("torch.cuda.get_device_properties", lambda device: properties)
    assert Request(network="net", device="cuda", batch_size=None).batch_size == images
    assert Request(network="net", device="cuda", batch_size=64).batch_size == 64
    assert Request(network="net").batch_size == Request(network="net", batch_size=None).batch_size == 500
