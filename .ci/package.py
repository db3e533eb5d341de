"""Build sdist and wheel, and use the wheel in an environment that has nothing but its dependencies.

With ``--installed`` nothing is built: what is installed is used, and trains and evaluates networks as well.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from importlib.metadata import distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
USES = """
rnas --version
rnas search --space digits-bench --budget 8
rnas resume runs/digits-bench-1 --budget 10
rnas report runs/digits-bench-1 --json
python -m rnas zoo resnet-18
python -m rnas plugins
python readme.py
"""
TRAININGS = """
rnas doctor
rnas search --preset digits --budget 4 --workers 1 --output search
rnas resume search --budget 6
rnas train search:knee --recipe fgsm-rs --data digits --epochs 2 --attacks fgsm --output training
rnas evaluate training/best.safetensors --attacks fgsm,pgd20 --output evaluated
"""


def main() -> None:
    """Build, and use the wheel with this interpreter."""
    if sys.argv[1:] == ["--installed"]:
        use("installed", os.environ["PATH"], USES + TRAININGS)
        return
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    # The wheel is built from the sdist, so that a file that the sdist lacks is missed.
    run([sys.executable, "-m", "build", "--outdir", ROOT / "dist", ROOT])
    # Python finds entry points in what the build leaves here, also after they have changed.
    shutil.rmtree(ROOT / "rnas.egg-info", ignore_errors=True)
    [wheel] = (ROOT / "dist").glob("*.whl")
    with tempfile.TemporaryDirectory() as folder:
        linked(wheel, Path(folder))
        use(wheel.name, f"{Path(folder) / 'bin'}{os.pathsep}{os.environ['PATH']}", USES)
    own = f"3.{sys.version_info.minor}"
    others = [version for version in ("3.11", "3.12", "3.13") if version != own]
    print(f"Python {own}: passed; {' and '.join(others)}: skipped, each needs an environment of its own with torch")


def linked(wheel: Path, env: Path) -> None:
    """Make an environment with the wheel, and with links to its dependencies in the environment of this interpreter."""
    from packaging.requirements import Requirement

    venv.create(env, with_pip=False)
    run([sys.executable, "-m", "pip", "--python", env, "install", "--quiet", "--no-deps", wheel])
    [site] = (env / "lib").glob("python3.*/site-packages")
    missing, seen = ["rnas"], set()
    while missing:
        name = re.sub(r"[-_.]+", "-", missing.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        found = distribution(name)
        requirements = map(Requirement, found.requires or [])
        missing += [one.name for one in requirements if one.marker is None or one.marker.evaluate({"extra": ""})]
        for top in {Path(str(file)).parts[0] for file in found.files or []} - {"..", "__pycache__"}:
            link, target = site / top, Path(str(found.locate_file(top)))
            if name != "rnas" and not link.exists() and target.exists():
                link.symlink_to(target)


def use(title: str, path: str, commands: str) -> None:
    """Run commands and the README's Python in an empty folder, with the programs of a search path."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")} | {"PATH": path}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder, "readme.py").write_text(readme(), encoding="utf-8")
        for command in filter(None, commands.splitlines()):
            print(f"{title}: {command}", flush=True)
            program, *words = command.split()
            run([shutil.which(program, path=path) or program, *words], cwd=folder, env=environment)


def readme() -> str:
    """Return the Python of the README, made as small as the comment above it says."""
    [(tiny, text)] = re.findall(
        r"<!-- tiny: (.*) -->\n```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    for change in tiny.split("; "):
        shown, smaller = change.split(" => ")
        text = text.replace(shown, smaller)
    return text


def run(words: list[object], **options: object) -> None:
    """Run a command; one that fails shows what it printed, and ends this with its exit code."""
    done = subprocess.run(list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode:
        print(done.stdout.decode(errors="replace"))
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
