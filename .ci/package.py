"""Build sdist and wheel, install the wheel in an environment that has nothing but its dependencies, and use it there."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
USES = """
rnas --version
rnas search --space digits-bench --budget 8
rnas report runs/digits-bench-1 --json
python -m rnas zoo resnet-18
python -m rnas plugins
python readme.py
"""


def main() -> None:
    """Build, and try the wheel with this interpreter and with the others that are at hand."""
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    # The wheel is built from the sdist, so that a file that the sdist lacks is missed.
    run([sys.executable, "-m", "build", "--outdir", ROOT / "dist", ROOT], quiet=True)
    [wheel] = (ROOT / "dist").glob("*.whl")
    with tempfile.TemporaryDirectory() as folder:
        used(wheel, Path(folder), linked(wheel, Path(folder) / "env"))
    for name in ("python3.11", "python3.12", "python3.13"):
        if name == f"python3.{sys.version_info.minor}":
            continue
        interpreter = shutil.which(name)
        if interpreter is None:
            print(f"{name}: skipped, there is no such interpreter")
            continue
        with tempfile.TemporaryDirectory() as folder:
            used(wheel, Path(folder), installed(wheel, Path(folder) / "env", interpreter))


def linked(wheel: Path, env: Path) -> Path:
    """Make an environment with the wheel, and with links to its dependencies in the environment of this interpreter."""
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
        for requirement in map(Requirement, found.requires or []):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                missing.append(requirement.name)
        for top in {Path(str(file)).parts[0] for file in found.files or []} - {"..", "__pycache__"}:
            link, target = site / top, Path(str(found.locate_file(top)))
            if name != "rnas" and not link.exists() and target.exists():
                link.symlink_to(target)
    return env


def installed(wheel: Path, env: Path, interpreter: str) -> Path:
    """Make an environment of another interpreter, with everything installed."""
    run([interpreter, "-m", "venv", env])
    run([env / "bin" / "python", "-m", "pip", "install", "--quiet", "-c", ROOT / "constraints.txt", wheel])
    return env


def used(wheel: Path, folder: Path, env: Path) -> None:
    """Run commands and the README's Python in an empty folder, with what the environment has and no more."""
    empty = folder / "empty"
    empty.mkdir()
    (empty / "readme.py").write_text(readme())
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    environment["PATH"] = f"{env / 'bin'}{os.pathsep}{environment['PATH']}"
    version = run([env / "bin" / "python", "--version"], quiet=True).strip()
    for command in USES.strip().splitlines():
        print(f"{version}, {wheel.name}: {command}", flush=True)
        words = [str(env / "bin" / command.split()[0]), *command.split()[1:]]
        run(words, cwd=empty, env=environment, quiet=True)


def readme() -> str:
    """Return the Python of the README, made as small as the comment above it says."""
    [(tiny, text)] = re.findall(
        r"<!-- tiny: (.*) -->\n```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )
    for change in tiny.split("; "):
        shown, smaller = change.split(" => ")
        text = text.replace(shown, smaller)
    return text


def run(words: list[object], *, quiet: bool = False, **options: object) -> str:
    """Run a command and return what it printed; a failure shows that, and ends with its exit code."""
    done = subprocess.run(list(map(str, words)), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode or (done.stdout and not quiet):
        print(done.stdout)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout


if __name__ == "__main__":
    main()
