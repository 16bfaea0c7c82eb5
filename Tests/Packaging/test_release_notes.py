"""What a release's page says comes from CHANGELOG.md."""

import subprocess

import pytest

from scratch_debian import ROOT

CHANGELOG = """# Changelog

## [Unreleased]

## [1.10.0] - 2027-02-01

### Added

- Ten.

## [1.1.0] - 2027-01-01

- One.

[1.1.0]: https://example.org/1.1.0
"""


def notes(folder, version):
    (folder / "CHANGELOG.md").write_text(CHANGELOG)
    return subprocess.run([ROOT / "packaging/release-notes.sh", version], cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize(("version", "expected"), [("1.10.0", "### Added\n\n- Ten."), ("1.1.0", "- One.")])
def test_they_are_those_of_that_version(tmp_path, version, expected):
    done = notes(tmp_path, version)
    assert done.returncode == 0 and done.stdout.strip() == expected


@pytest.mark.parametrize("version", ["Unreleased", "1.1", "2.0.0"])
def test_a_version_without_any_is_not_released(tmp_path, version):
    done = notes(tmp_path, version)
    assert done.returncode == 1 and version in done.stderr and not done.stdout
