"""Runs the README's code: each `print` must print what its comment says."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import pathlib
import re
import sys
import unittest

PROJECT = pathlib.Path(__file__).parents[1]


class Readme(unittest.TestCase):
    def test_code_blocks(self) -> None:
        text = (PROJECT / "README.md").read_text()
        code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
        expected = re.findall(r"print\(.*\)  # (.*)", code)
        self.assertGreater(len(expected), 5)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, {})
        self.assertEqual(printed.getvalue().splitlines(), expected)

    @unittest.skipUnless(importlib.util.find_spec("torch"), "it describes the functions for torch, too")
    def test_the_reference_is_that_of_the_code(self) -> None:
        sys.path.insert(0, str(PROJECT))
        self.addCleanup(sys.path.remove, str(PROJECT))
        from reference import reference

        self.assertEqual((PROJECT / "API.md").read_text(), reference(), "run: python reference.py > API.md")
