"""The benchmarks run; what they find is no matter of tests, which share their machine with everything else."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_every_benchmark_runs() -> None:
    """Each of them measures something, holds it against its limit, and tells by the exit status whether all were kept."""
    command = [sys.executable, "-m", "tests.benchmarks", "--rounds", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    heading, *rows = done.stdout.splitlines()
    assert heading.split() == ["what", "measured", "floor", "ratio", "limit"]
    assert len(rows) >= 11, done.stderr
    assert done.returncode == any(row.endswith("OVER") for row in rows)
    assert done.stderr == ""
