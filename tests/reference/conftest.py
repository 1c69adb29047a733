from __future__ import annotations

import sys
from pathlib import Path

# Pytest imports test modules by their path alone, so helpers beside them have to be made findable.
sys.path.append(str(Path(__file__).parent))
