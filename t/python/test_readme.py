# SPDX-License-Identifier: ISC
"""What lib/python/README.md shows is so."""

import doctest
import unittest

from support import ROOT, CacheTest

README = ROOT / "lib" / "python" / "README.md"


class ReadmeTest(CacheTest):
    def test_examples(self):
        text = README.read_text()
        for host in "cache.example.net", "backup.example.net":
            text = text.replace(f'"{host}", 8282', f'"127.0.0.1", {self.server.port}')
        # What callbacks print comes from another thread, but to the same sys.stdout.
        names = {}
        test = doctest.DocTestParser().get_doctest(text, names, "README.md", str(README), 0)
        self.assertGreater(len(test.examples), 20)
        said = []
        runner = doctest.DocTestRunner(verbose=False)
        failed, tried = runner.run(test, out=said.append, clear_globs=False)
        for name in "follower", "both", "mgr":
            test.globs[name]._client.mute()
            test.globs[name].stop()
        self.assertEqual((failed, tried), (0, len(test.examples)), "".join(said))


if __name__ == "__main__":
    unittest.main()
