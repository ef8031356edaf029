"""Has the processes of a test's Airflow look for garbage less often: to start one takes a fifth less.

Python imports a module of this name when it starts, wherever it is on the path.
"""

from __future__ import annotations

import gc

gc.set_threshold(50_000)
