"""What `python3 autograder.zip' runs: unpack the bundle, and run its autograde.py."""

import sys
import tempfile
import zipfile
from pathlib import Path

sys.dont_write_bytecode = True

if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="jos-autograder-") as directory:
        with zipfile.ZipFile(Path(__file__).parent) as bundle:
            bundle.extractall(directory)
        sys.path.insert(0, directory)
        from autograde import main
        sys.exit(main(sys.argv[1:]))
