import pathlib
import sys

# The sandbox as the other tests start it.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Interop"))
