import pathlib
import sys

# The sandbox and the program as the other tests start them.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Interop"))
