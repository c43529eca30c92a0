"""Memory is bounded by a few blocks, never by the size of a file."""

import os
import subprocess
import sys

from support.shell import KEY

ROW = b'%d,ada@x.org,"' + b"a note that nobody changes; " * 8 + b'"\n'


def peak(folder, rows: int) -> int:
    """Mebibytes that masking so many rows takes at most."""
    with (folder / "in.csv").open("wb") as file:
        file.write(b"id,email,note\n")
        for start in range(0, rows, 10_000):
            file.write(b"".join([ROW % number for number in range(start, start + 10_000)]))
    script = (
        "import resource, sys\nfrom understudy.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit as end:\n    assert not end.code\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
    )
    words = ["mask", "in.csv", "-r", "rules.yaml", "-o", "out.csv", "--force"]
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        cwd=folder,
        env={**os.environ, "UNDERSTUDY_KEY": KEY},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout.split()[-1])


def test_ten_times_the_rows_take_no_more_memory(tmp_path):
    (tmp_path / "rules.yaml").write_text("columns: {id: keep, email: email, note: keep}\n")
    once, tenfold = peak(tmp_path, 100_000), peak(tmp_path, 1_000_000)
    assert (tmp_path / "in.csv").stat().st_size > 220 << 20
    assert tenfold - once < 100  # the file grew by 200
