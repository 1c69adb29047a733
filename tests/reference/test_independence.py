from __future__ import annotations

import ast
import sys
from pathlib import Path

import conformance.reference

ROOT = Path(conformance.reference.__file__).parent
OTHERS = {"uvicorn", "yaml"}
CLEAN = [
    path for path in ROOT.rglob("*.py") if not {"faults", "variations"} & set(path.relative_to(ROOT).parts)
]
# The command and the replacements know of faults; the server itself must not.
SERVER = [
    path for path in CLEAN if path.name not in ("__main__.py", "__init__.py", "launch.py", "replacing.py")
]


def imported(path: Path) -> set[str]:
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, path
            modules.add(node.module or "")
    return modules


def test_it_imports_nothing_of_the_harness() -> None:
    for path in ROOT.rglob("*.py"):
        for module in imported(path):
            top = module.partition(".")[0]
            ours = module == "conformance.reference" or module.startswith("conformance.reference.")
            assert ours or top in OTHERS or top in sys.stdlib_module_names, f"{path} imports {module}"


def test_the_clean_server_knows_nothing_of_faults() -> None:
    for path in SERVER:
        text = path.read_text(encoding="utf-8").lower()
        assert "fault" not in text.replace("default", ""), path
        assert "variation" not in text, path
