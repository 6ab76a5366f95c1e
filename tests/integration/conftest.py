# SPDX-License-Identifier: MIT
"""What the tests of this folder share with pytest."""
import difflib
import pathlib

import pytest

import recording

GOLDEN = pathlib.Path(__file__).parent / "golden"


def pytest_addoption(parser):
    parser.addoption("--rewrite-goldens", action="store_true",
                     help="make what the command line says now what it must say")


@pytest.fixture(scope="session")
def built():
    """The command line, there to be tested."""
    if not recording.CCMEM.exists():
        pytest.fail(f"{recording.CCMEM} does not exist: ./dev build", pytrace=False)


@pytest.fixture
def profile(built, tmp_path):
    """recording.profile into the test's own folder."""
    return lambda *command, **options: recording.profile(tmp_path, *command, **options)


@pytest.fixture
def program(built):
    """The path of a program of tests/programs."""
    def find(name):
        path = recording.PROGRAMS / name
        assert path.exists(), f"{path} does not exist: ./dev build"
        return path
    return find


@pytest.fixture
def golden(built, request):
    """Compares a text with golden/NAME.txt, or makes it that with --rewrite-goldens."""
    def compare(name, text):
        path = GOLDEN / f"{name}.txt"
        if request.config.getoption("--rewrite-goldens"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        expected = path.read_text(encoding="utf-8") if path.exists() else ""
        assert text == expected, "\n".join(
            difflib.unified_diff(expected.splitlines(), text.splitlines(), str(path), "now",
                                 lineterm=""))
    return compare
