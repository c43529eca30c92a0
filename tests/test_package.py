"""The package as a whole: light to import, and every public name there."""

import subprocess
import sys
from importlib import metadata

import understudy

HEAVY = ("pyarrow", "numpy", "duckdb", "pydantic", "psycopg", "rich", "cryptography", "torch", "pandas")


def test_every_public_name_loads():
    for name in understudy.__all__:
        assert getattr(understudy, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(understudy, "no_such_name")


def test_importing_understudy_loads_nothing_heavy():
    script = f"import sys, understudy; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_command_line_says_which_version_it_is():
    done = subprocess.run([sys.executable, "-m", "understudy", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"understudy {metadata.version('understudy')}\n"


def test_asking_the_command_line_for_help_loads_no_data_library():
    script = (
        "import sys\nfrom understudy.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print([name for name in ('pyarrow', 'numpy', 'duckdb', 'pydantic', 'psycopg') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"
