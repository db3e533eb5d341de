import pytest

import rnas
from rnas.errors import InputError


def test_a_network_is_found_by_place_and_by_name() -> None:
    found = rnas.zoo("robust-resnet-a?")
    assert [network.baseline.name for network in found] == [f"robust-resnet-a{size}" for size in range(1, 5)]
    assert found["robust-resnet-a2"] is found[1]
    assert list(found[1:3]) == [found[1], found[2]]
    with pytest.raises(KeyError):
        found["vgg-11"]


def test_results_on_one_data_set_are_rows_of_a_data_frame() -> None:
    frame = rnas.zoo("wide-resnet", dataset="cifar100").to_pandas()
    assert set(frame.dataset) == {"cifar100"}
    assert set(frame.num_classes) == {100}
    assert frame.clean.between(40, 80).all()


def test_a_notebook_shows_a_table() -> None:
    html = rnas.zoo("vgg-11")._repr_html_()
    assert html.startswith("<p>1 published network;")
    assert "<td>vgg-11</td>" in html


def test_bad_requests() -> None:
    with pytest.raises(InputError, match="no published network is called 'x"):
        rnas.zoo("x*")
    with pytest.raises(InputError, match="no published results on 'mnist' there; there are some on: cifar10"):
        rnas.zoo("vgg-11", dataset="mnist")
