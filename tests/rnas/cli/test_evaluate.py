"""Accuracies of given weights: a run's own, and a file as another implementation names it."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

import rnas
from rnas.evaluation._image_flags import unpack
from rnas.evaluation.evaluation_result import EvaluationResult
from rnas.nas.result import SearchResult
from rnas.networks import architecture as arch
from rnas.networks.residual import ResidualNetwork
from rnas.networks.zoo import find
from rnas.statistics.proportions import proportion
from tests.other_packages import installed
from tests.rnas.data.cifar_files import write_cifar10

Command = Callable[..., Any]

SEARCH = {
    "space": {
        "name": "robust-resnet",
        "narrow": {"topology": ["basic"], "activation": ["relu"], "normalization": ["batch"], "kernel_size": [3]},
        "base_channels": [4, 8, 16],
        "depths": [1],
        "widths": [1],
    },
    "evaluator": {
        "train": {
            "data": "digits",
            "split_seed": 3,
            "images": {"train": 600, "search_val": 40, "test": 120},
            "fidelity": {"epochs": 4, "batch_size": 32, "attack_steps": 1, "attack_step": 1},
            "eps": "1/10",
            "evaluation": {"steps": 1},
        }
    },
    "strategy": "random",
    "budget": 1,
    "workers": 0,
}
SHORT = ("--attacks", "fgsm,pgd3,pgd3-margin", "--device", "cpu", "--no-flags")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    """One small network, trained on digits."""
    return rnas.search(SEARCH, output=tmp_path_factory.mktemp("runs") / "digits")


@pytest.fixture(scope="module")
def member(trained: SearchResult) -> str:
    return f"{trained.path}:{trained.complete[0].key}"


@pytest.fixture(scope="module")
def checkpoint(trained: SearchResult) -> Path:
    path: Path = trained.path / "checkpoints" / f"{trained.complete[0].key}.safetensors"
    return path


@pytest.fixture(scope="module")
def description(trained: SearchResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trained network as JSON, apart from its run."""
    path = tmp_path_factory.mktemp("networks") / "net.json"
    path.write_text(json.dumps(arch.to_dict(trained.complete[0].architecture)))
    return path


def measured(command: Command, *words: object) -> dict[str, Any]:
    result = command("evaluate", *words, "--json")
    assert result.code == 0, result.err
    return dict(EvaluationResult.model_validate_json(result.out).model_dump(mode="json"))


def timeless(result: dict[str, Any]) -> dict[str, Any]:
    """A result without seconds, and without what was asked for."""
    result = {**json.loads(json.dumps(result)), "request": None}
    for attack in result["attacks"]:
        for part in (attack, *attack["members"]):
            part["cost"]["seconds"] = None
    return result


def refusal(command: Command, *words: object) -> str:
    result = command("evaluate", *words)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("rnas: ")
    assert result.err.count("\n") == 1
    message: str = result.err
    return message


class Plain(nn.Module):
    """Holds a network that rnas knows nothing of."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.inner(images)
        return logits


def test_a_module_given_from_python_has_the_numbers_of_its_export_image_for_image(
    command: Command, description: Path, checkpoint: Path, tmp_path: Path
) -> None:
    path, bare = tmp_path / "exported.safetensors", tmp_path / "bare.safetensors"
    # As of a module, nothing is known of the training of weights that stand alone.
    save_file(load_file(checkpoint), bare)
    rnas.export(description, format="safetensors", path=path, weights=bare, num_classes=10, input_shape=(1, 8, 8))
    words = ("--data", "digits", "--attacks", "fgsm,pgd3,autoattack-fast", "--eps", "1/20", "--images", 30)
    typed = measured(command, path, *words, "--batch-size", 20, "--device", "cpu")
    found = rnas.evaluate(
        Plain(rnas.load(path)),
        data="digits",
        attacks=("fgsm", "pgd3", "autoattack-fast"),
        eps="1/20",
        images=30,
        batch_size=20,
        device="cpu",
    )
    assert (found.architecture, found.flops, found.weights.file) == (None, None, None)
    assert (found.network, found.params) == ("Plain", typed["params"])
    # Which images are right, under each attack and each member of the ensemble, and what the checks measure.
    own = ("name", "network", "architecture", "architecture_key", "flops", "weights", "request")
    first, second = ({k: v for k, v in timeless(r).items() if k not in own} for r in (found.to_dict(), typed))
    assert first == second
    assert 0 < found.worst_case.correct < found.clean.correct < 30
    assert first["flags"] is not None


def test_a_members_own_weights_on_its_runs_final_part(command: Command, member: str, trained: SearchResult) -> None:
    found = measured(command, member, *SHORT)
    record = trained.complete[0]
    # The images, and so the clean accuracy, are those of the run's own test metrics.
    assert found["data"]["hash"] == record.evaluation.provenance["data"]["hash"]
    assert (found["data"]["images"], found["data"]["split_seed"]) == (120, 3)
    assert [(threat["name"], threat["epsilon"]) for threat in found["threats"]] == [("linf:1/10", "1/10")]
    assert found["clean"]["accuracy"] == pytest.approx(record.metrics["test_clean_accuracy"])
    assert found["clean"]["accuracy"] > 0.3

    accuracies = [attack["accuracy"] for attack in found["attacks"]]
    assert found["worst_case"]["accuracy"] <= min(accuracies) <= max(accuracies) <= found["clean"]["accuracy"]
    assert min(accuracies) < found["clean"]["accuracy"]
    for part in (found["clean"], found["worst_case"], *found["attacks"]):
        share = proportion(part["correct"] / 120, 120)
        assert (part["accuracy"], part["low"], part["high"]) == (share.value, share.low, share.high)

        assert unpack(part["right"], 120).sum() == part["correct"]

    settings = [attack["settings"] for attack in found["attacks"]]
    assert [attack["name"] for attack in found["attacks"]] == ["fgsm", "pgd3", "pgd3-margin"]
    assert [(each["steps"], each["step_size"], each["loss"], each["start"]["noise"]) for each in settings] == [
        (1, "1/10", "cross-entropy", "none"),
        (3, "1/100", "cross-entropy", "uniform"),
        (3, "1/100", "margin", "uniform"),
    ]
    clean = found["clean"]["correct"]
    passes = [(attack["cost"]["forward_passes"], attack["cost"]["backward_passes"]) for attack in found["attacks"]]
    assert passes == [(2 * clean, clean), (4 * clean, 3 * clean), (4 * clean, 3 * clean)]
    assert all(attack["cost"]["zero_gradient_share"] == 0 for attack in found["attacks"])

    assert {"python", "torch", "rnas", "pyautoattack"} <= found["versions"].keys()
    assert found["device"].startswith("cpu")
    assert found["architecture_key"] == record.key
    assert found["params"] == record.metrics["params"]
    assert found["weights"]["sha256"] == hashlib.sha256(Path(found["weights"]["file"]).read_bytes()).hexdigest()
    assert found["request"]["network"] == member
    assert len(set(found["data"]["ids"])) == 120
    assert (found["flags"], found["flag_checks"]) == (None, None)


def test_repeatable_whatever_the_batches_and_the_other_attacks(command: Command, member: str) -> None:
    first = timeless(measured(command, member, *SHORT, "--images", 50))
    assert timeless(measured(command, member, *SHORT, "--images", 50)) == first
    alone = timeless(measured(command, member, *SHORT, "--attacks", "pgd3-margin", "--images", 50, "--batch-size", 16))
    assert alone["attacks"] == first["attacks"][2:]
    assert alone["worst_case"]["correct"] == alone["attacks"][0]["correct"]


def test_weights_apart_from_their_run_give_the_same(
    command: Command, member: str, checkpoint: Path, description: Path, tmp_path: Path
) -> None:
    expected = timeless(measured(command, member, *SHORT))
    named = {"network": str(checkpoint), "name": f"digits-{checkpoint.stem}"}
    assert timeless(measured(command, checkpoint, *SHORT)) == {**expected, **named}
    copy = tmp_path / "weights.pth"
    torch.save({"state_dict": load_file(checkpoint)}, copy)
    given = ("--weights", copy, "--data", "digits", "--images", 60)
    chosen = measured(command, description, *given, *SHORT)
    (threat,) = chosen["threats"]
    assert (threat["epsilon"], chosen["data"]["split_seed"], chosen["data"]["images"]) == ("3/20", 0, 60)
    wider = measured(command, description, *given, *SHORT, "--eps", "0.3")
    assert wider["threats"][0]["epsilon"] == "3/10"
    assert wider["clean"] == chosen["clean"]
    assert wider["worst_case"]["correct"] < chosen["worst_case"]["correct"]


def test_a_file_in_a_published_naming(command: Command, tmp_path: Path) -> None:
    name = "wrn-34-r-gamma-0.25"
    module = rnas.load(name, input_shape=(1, 8, 8))
    naming = next(names for names in find(name).weight_names if names.code == "HanxunH/RobustWRN")
    state = {f"module.{naming.original(ours)}": tensor for ours, tensor in module.state_dict().items()}
    assert "module.blocks.1.layer.0.convShortcut.weight" in state
    path = tmp_path / "released.pth"
    torch.save({"epoch": 1, "model_state_dict": state}, path)
    words = ("--weights", path, "--data", "digits", *SHORT, "--images", 10)
    found = timeless(measured(command, name, *words))
    own = tmp_path / "own.safetensors"
    save_file(module.state_dict(), own)
    same = timeless(measured(command, name, "--weights", own, *words[2:]))
    assert {**same, "weights": None} == {**found, "weights": None}
    assert found["name"] == name


def test_logits_that_are_not_finite_are_wrong(
    command: Command, description: Path, checkpoint: Path, tmp_path: Path
) -> None:
    path = tmp_path / "broken.safetensors"
    save_file({**load_file(checkpoint), "fc.bias": torch.full((10,), torch.nan)}, path)
    found = measured(command, description, "--weights", path, "--data", "digits", *SHORT, "--images", 30)
    assert found["clean"]["correct"] == found["worst_case"]["correct"] == 0


def test_published_test_images_beyond_the_default_split(command: Command, tmp_path: Path) -> None:
    write_cifar10(tmp_path, 401, 2002)
    network, weights = tmp_path / "net.json", tmp_path / "weights.safetensors"
    smallest = ResidualNetwork(depths=(1, 1, 1), channels=(1, 1, 1), stem_width=1)
    network.write_text(json.dumps(arch.to_dict(smallest)))
    save_file(rnas.load(network).state_dict(), weights)
    words = (network, "--weights", weights, "--data-dir", tmp_path, *SHORT, "--attacks", "fgsm")
    found = measured(command, *words, "--images", 2001, "--eps", "0")
    assert (found["data"]["name"], found["data"]["images"], found["data"]["published_test_images"]) == (
        "cifar10",
        2001,
        True,
    )
    # In a ball of radius 0 nothing changes.
    assert found["worst_case"] == found["clean"]
    assert measured(command, *words, "--images", 10)["threats"][0]["name"] == "linf:8/255"
    assert "cifar10 has 2002 to evaluate on" in refusal(command, *words, "--images", 2003)


def test_what_people_read(command: Command, member: str) -> None:
    result = command("evaluate", member, *SHORT, "--images", 20)
    assert result.code == 0
    lines = result.err.splitlines()
    assert [line.split()[0] for line in lines] == [f"{member}:", "fgsm", "pgd3", "pgd3-margin"]
    assert "0 left, " in lines[1]
    assert lines[3].startswith("pgd3-margin (3 of 3): ")
    for words in ("clean", "worst case", "3 steps of 1/100 on the margin", "epsilon 1/10", "split seed 3", "cpu ("):
        assert words in " ".join(result.out.split())


@pytest.mark.slow
def test_an_ensemble_says_which_attack_broke_what(command: Command, member: str, tmp_path: Path) -> None:
    shown = command("evaluate", member, *SHORT, "--images", 20, "--attacks", "autoattack-fast", "-o", tmp_path)
    assert shown.code == 0, shown.err
    (file,) = tmp_path.glob("*.json")
    (attack,) = json.loads(file.read_text())["attacks"]
    assert [part["name"] for part in attack["members"]] == ["pgd20", "apgd-ce", "apgd-t3"]
    attacked = attack["members"][0]["attacked"]
    for part in attack["members"]:
        assert part["attacked"] == attacked
        assert unpack(part["broken_images"], 20).sum() == part["broken"]
        attacked -= part["broken"]
    assert attack["correct"] == attacked
    assert attack["cost"]["forward_passes"] == sum(part["cost"]["forward_passes"] for part in attack["members"])
    assert [line.split()[1] for line in shown.err.splitlines()[1:]] == ["pgd20", "apgd-ce", "apgd-t3"]
    assert f"{attack['members'][0]['broken']} of {attack['members'][0]['attacked']}" in shown.out
    assert "targets 3" in " ".join(shown.out.split())


@pytest.mark.slow
def test_the_union_of_threats_is_image_for_image(command: Command, member: str) -> None:
    threats = ("--threat", "linf:1/10", "--threat", "l2:0.7", "--threat", "l1:3", "--threat", "l2:7/10")
    words = (member, *SHORT, "--images", 80, "--attacks", "pgd10")
    found = measured(command, *words, *threats)
    assert [threat["name"] for threat in found["threats"]] == ["linf:1/10", "l2:7/10", "l1:3"]
    flags = [unpack(threat["right"], 80) for threat in found["threats"]]
    assert torch.equal(unpack(found["worst_case"]["right"], 80), torch.stack(flags).all(0))
    assert found["worst_case"]["correct"] <= min(threat["correct"] for threat in found["threats"])
    assert len({threat["right"] for threat in found["threats"]}) == 3
    alone = measured(command, *words, "--norm", "l2", "--eps", "0.7")
    assert alone["threats"][0]["right"] == found["threats"][1]["right"]
    assert (alone["attacks"][0]["norm"], alone["attacks"][0]["epsilon"]) == ("l2", "7/10")
    shown = command("evaluate", *words, *threats)
    assert "l2:7/10 pgd10" in shown.out
    assert "every attack of every threat" in " ".join(shown.out.split())


@pytest.mark.slow
def test_signs_of_masked_gradients_are_told(
    command: Command, description: Path, checkpoint: Path, tmp_path: Path
) -> None:
    path = tmp_path / "scaled.safetensors"
    state = load_file(checkpoint)
    save_file({**state, **{name: 100 * state[name] for name in ("fc.weight", "fc.bias")}}, path)
    words = (description, "--weights", path, "--data", "digits", *SHORT[:4], "--eps", "1/20", "--images", 40)
    shown = command("evaluate", *words, "-o", tmp_path / "results")
    assert shown.code == 0, shown.err
    (file,) = (tmp_path / "results").glob("*.json")
    found = json.loads(file.read_text())
    flags = {flag["name"]: flag for flag in found["flags"]}
    assert "zero-gradient-cross-entropy" in flags
    assert all(flag["value"] > flag["threshold"] for flag in flags.values())
    assert found["flag_checks"]["images"] == 40
    assert "randomized" in found["flag_checks"]["names"]
    assert any(attack["cost"]["zero_gradient_share"] > 0.05 for attack in found["attacks"])
    assert "Signs that the robustness is overestimated" in shown.out
    assert "zero-gradient-cross-entropy (" in shown.out
    assert shown.err.splitlines()[-1] == "checks for signs of overestimated robustness, on 40 images"
    honest = measured(command, description, "--weights", checkpoint, *words[3:])
    assert honest["flags"] == []


def test_a_result_is_written_and_the_same_request_goes_on_from_it(
    command: Command, member: str, tmp_path: Path
) -> None:
    folder = tmp_path / "some" / "results"
    words = (member, *SHORT, "--images", 30, "-o", folder)
    printed = measured(command, *words)
    key = member.rpartition(":")[2]
    assert sorted(path.name for path in folder.iterdir()) == [f"digits-{key}.json", f"digits-{key}.state"]
    assert json.loads((folder / f"digits-{key}.json").read_text()) == printed
    assert printed["name"] == f"digits-{key}"
    (folder / f"digits-{key}.json").unlink()
    # Nothing is attacked again: even the seconds are the same.
    assert measured(command, *words) == printed
    assert json.loads((folder / f"digits-{key}.json").read_text()) == printed
    # The output says so.
    attacked = printed["clean"]["correct"]
    told = command("evaluate", *words).err
    assert told.count(f"{attacked} of {attacked} images attacked ({attacked} of them from an earlier run)") == 3


def test_a_package_that_is_installed_meanwhile_is_recorded_and_ends_nothing(
    command: Command, member: str, tmp_path: Path
) -> None:
    words = (member, *SHORT, "--images", 10, "-o", tmp_path / "results")
    before = measured(command, *words)
    with installed(tmp_path / "packages", "my-attacks", "1.2", {"rnas.attacks": {"mine": "mine:MINE"}}, {}):
        after = measured(command, *words)
    assert after.pop("versions") == {**before.pop("versions"), "my-attacks": "1.2"}
    assert after == before


def test_the_state_of_another_evaluation_is_refused(command: Command, member: str, tmp_path: Path) -> None:
    words = (member, *SHORT, "--images", 10, "-o", tmp_path)
    before = measured(command, *words)
    for changed, difference in (
        (("--seed", 1), "its seed is 0, but here it is 1"),
        (("--attacks", "fgsm"), "its attacks is"),
        (("--eps", "1/20"), "its attacks is"),
        (("--images", 11), "its images is 10, but here it is 11"),
        (("--batch-size", 5), "its batch size is 500, but here it is 5"),
    ):
        assert difference in refusal(command, *words, *changed)
    assert measured(command, *words) == before


def test_an_output_that_is_no_folder(command: Command, member: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    assert "give a folder" in refusal(command, member, *SHORT, "-o", path)


@pytest.mark.parametrize("name", ["", "pgd", "pgd0", "pgd-5", "cw", "pgd20-cv", "fgsm,,pgd20"])
def test_unknown_attacks(command: Command, member: str, name: str) -> None:
    message = refusal(command, member, "--attacks", name)
    assert "known: " in message
    assert "autoattack-cascade" in message


@pytest.mark.slow
def test_beyond_the_threat_that_a_network_is_trained_for(command: Command, member: str) -> None:
    words = (member, *SHORT, "--images", 30, "--attacks", "pgd2,pgd20")
    found = measured(command, *words, "--unseen", "--transfer", member)
    assert [threat["norm"] for threat in found["threats"]] == ["linf", "l2", "l1"]
    assert found["worst_case"]["correct"] <= min(attack["correct"] for attack in found["attacks"])
    attacks = {(attack["threat"], attack["name"]): attack for attack in found["attacks"]}
    # Crafted on the network itself, a transferred attack is the attack.
    for threat in found["threats"]:
        own, transferred = (attacks[threat["name"], name] for name in ("pgd20", f"pgd20 from {member}"))
        assert transferred["right"] == own["right"]
        assert transferred["settings"]["attack"]["steps"] == 20
        assert transferred["settings"]["source_name"].startswith(f"{member}, sha256 ")
    corruptions = found["corruptions"]
    assert len(corruptions["corruptions"]) == 15
    assert {len(entry["severities"]) for entry in corruptions["corruptions"]} == {5}
    assert 0 < corruptions["mean"]["accuracy"] < found["clean"]["accuracy"]
    shown = command("evaluate", *words, "--corruptions", "computed").out
    assert "Common corruptions at severities 1 to 5, computed images" in " ".join(shown.split())
    assert "gaussian_noise" in shown


def test_the_hash_of_the_images_is_theirs_alone(command: Command, member: str) -> None:
    words = (member, "--no-flags", "--attacks", "fgsm")
    first, fewer = measured(command, *words), measured(command, *words, "--images", 100)
    assert first["data"]["hash"] == fewer["data"]["hash"]
    assert first["data"]["images_hash"] != fewer["data"]["images_hash"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--images", "121"], "digits has 120 to evaluate on"),
        (["--images", "0"], "--images"),
        (["--batch-size", "0"], "--batch-size"),
        (["--eps", "8"], "write 8/255, not 8"),
        (["--norm", "l2"], "--norm l2 has no usual radius: give --eps too"),
        (["--norm", "l3"], "unknown norm 'l3'; known: linf, l2, l1"),
        (["--threat", "l2"], "'l2' is not a threat"),
        (["--threat", "l2:1", "--eps", "1"], "leave --norm and --eps out"),
        (["--attacks", "cw40", "--norm", "l2", "--eps", "1"], "attack cw40 has no l2 form"),
        (["--device", "tpu"], "known: auto, cpu, cuda"),
        (["--data", "imagenet"], "unknown dataset 'imagenet'; known: "),
        (["--data", "cifar10"], "--data-dir"),
        (["--split-seed", "4"], "leave --split-seed out"),
        (["--weights", "nothing.pth"], "nothing.pth: cannot be read"),
        (["--corruptions", "nowhere"], "nowhere"),
        (["--transfer", "wrn-28-10"], "wrn-28-10 has no weights"),
    ],
)
def test_bad_options(command: Command, member: str, words: list[str], message: str) -> None:
    assert message in refusal(command, member, *words)


def test_no_weights_are_refused(command: Command, finished_run: SearchResult, description: Path) -> None:
    for network in ("robust-resnet-a1", f"{finished_run.path}:knee", description):
        assert "give a file of weights" in refusal(command, network, "--data", "digits")


def test_weights_for_other_images_or_classes(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    words = ("resnet-18", "--weights", path, "--data", "digits")
    here = "built for digits, 1x8x8 images of 10 classes: give the data that the weights were made for"
    save_file(rnas.load("resnet-18").state_dict(), path)
    colour = refusal(command, *words)
    assert "(64, 3, 3, 3) instead of (64, 1, 3, 3)" in colour
    assert here in colour
    save_file(rnas.load("resnet-18", num_classes=100, input_shape=(1, 8, 8)).state_dict(), path)
    classes = refusal(command, *words)
    assert "made for 100 classes; the network was" in classes
    assert here in classes


def test_a_file_that_holds_no_weights_is_told_alone(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    told = refusal(command, "resnet-18", "--weights", path, "--data", "digits")
    assert told.endswith("picture.png: neither safetensors nor a file that torch.save wrote; fetch it again\n")
