"""The documentation is true: its shell blocks run, its generated pages are current, its links lead somewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "AGENTS.md", *ROOT.glob("docs/**/*.md")])


def blocks(page):
    """The shell blocks of a page, as one script that stops at the first failure, and how many there are."""
    found = re.findall(r"```sh\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    return "set -eu\n" + "\n".join(found), len(found)


def walk_through(page, folder, least=9):
    """Run all blocks of a page, so many at least, in a folder, one after the other; what they printed."""
    script, count = blocks(page)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert count >= least
    return done.stdout


def test_the_first_copy_runs_as_its_page_says(tmp_path):
    try:
        walk_through("docs/tutorial.md", tmp_path)
        assert (tmp_path / "understudy-demo/copy-for-ada/manifest.json").exists()
    finally:
        subprocess.run(
            [sys.executable, "-m", "understudy", "demo", "--down"], cwd=tmp_path, capture_output=True, check=False
        )


def test_masking_runs_as_its_page_says(tmp_path):
    said = walk_through("docs/masking.md", tmp_path)
    assert "ada@mail.example" not in (tmp_path / "customers.jsonl").read_text()
    assert "3 of 3 expectations hold" in said and "orders.ssn: no rule" in said


def test_synthesis_runs_as_its_page_says(tmp_path):
    pytest.importorskip("torch")
    said = walk_through("docs/synthesis.md", tmp_path, least=6)
    completed = said.split("id,guest,city,nights,price,total,arrived,cancelled\n")[1].splitlines()[:3]
    assert [row.split(",")[2:4] for row in completed] == [["Oslo", "14"], ["Oslo", "14"], ["Lisbon", "1"]]
    assert "\n500\n" in said  # half of a thousand rows
    assert "@mail.example" not in (tmp_path / "made.csv").read_text()
    assert "fails: " in said and "<svg" in (tmp_path / "report.html").read_text()


def test_the_lake_runs_as_its_page_says(tmp_path):
    try:
        said = walk_through("docs/lake.md", tmp_path)
        assert "the first bad commit is" in said and "payments" in said
        assert "nothing was published" in said
        assert "ada into main: merged" in said and re.search(r"the same [\d,]+ rows in \d+ tables", said)
        loaded = {path.parent.name for path in (tmp_path / "understudy-demo").glob("*/manifest.json")}
        assert loaded == {"ada", "as-of-monday", "as-of-then"}
    finally:
        subprocess.run(
            [sys.executable, "-m", "understudy", "demo", "--down"], cwd=tmp_path, capture_output=True, check=False
        )


def test_every_part_of_the_job_file_is_in_its_reference():
    from understudy.jobs import spec

    parts = [one for one in vars(spec).values() if isinstance(one, type) and issubclass(one, spec._Part)]
    titles = re.findall(r"^## (.*)$", (ROOT / "docs/reference/job-file.md").read_text(), re.MULTILINE)
    named = {re.sub(r"(?<=[a-z])(?=[A-Z])", " ", one.__name__.removesuffix("Spec")).lower() for one in parts}
    assert named - {"_part"} == set(titles)


def test_generated_pages_are_current():
    done = subprocess.run([sys.executable, ROOT / "docs/generate.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_to_other_files_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_rule_command_and_check_is_in_the_reference():
    from understudy.checks import CHECKS
    from understudy.cli import app
    from understudy.transforms import TRANSFORMERS

    rules = (ROOT / "docs/reference/rules.md").read_text()
    assert all(f"## {name}\n" in rules for name in TRANSFORMERS)
    commands = (ROOT / "docs/reference/commands.md").read_text()
    assert all(f"## understudy {command.name}\n" in commands for command in app.registered_commands)
    checks = (ROOT / "docs/reference/checks.md").read_text()
    assert all(f"## {name}\n" in checks for name in CHECKS)
