"""Runs the README's code: each `print` must print what its comment says."""

from __future__ import annotations

import contextlib
import io
import pathlib
import re
import unittest


class Readme(unittest.TestCase):
    def test_code_blocks(self) -> None:
        text = (pathlib.Path(__file__).parents[1] / "README.md").read_text()
        code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
        expected = re.findall(r"print\(.*\)  # (.*)", code)
        self.assertGreater(len(expected), 5)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, {})
        self.assertEqual(printed.getvalue().splitlines(), expected)
