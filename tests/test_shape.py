"""The shape of the engine: small modules that import in one direction, and a word on each."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent
MODULES = {
    ".".join(file.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__"): file
    for file in (ROOT / "src").rglob("*.py")
}


def imports_of(file: Path) -> set[str]:
    """Our own modules that a module imports, at the top or inside a function."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            parts = {f"{node.module}.{alias.name}" for alias in node.names} & MODULES.keys()
            found |= parts or {node.module}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found & MODULES.keys() - {"dojo"}  # whose __init__ hands on what solution files need


def test_imports_go_in_one_direction():
    graph = {name: imports_of(file) for name, file in MODULES.items() if name != "dojo"}
    TopologicalSorter(graph).prepare()  # raises CycleError


def test_no_module_is_over_300_lines():
    files = [*MODULES.values(), *(ROOT / "tests").glob("*.py")]
    lengths = {file.name: len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    too_long = {name: n for name, n in lengths.items() if n > 300 and not name.startswith("test_")}
    assert not too_long


def test_each_module_is_explained_to_contributors():
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    names = {name.split(".")[1] for name in MODULES if "." in name}
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []
