"""Makes the matrix's own modules importable: the rows live beside the test that runs them."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
