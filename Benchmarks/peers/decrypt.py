"""Opens a file of recovered media the way a short script does: all of it in memory."""

import base64
import os
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

source, target = sys.argv[1:]
with open(source, "rb") as file:
    sealed = file.read()
key = base64.b64decode(os.environ["DELETED_MEDIA_KEY_B64"])
with open(target, "wb") as file:
    file.write(AESGCM(key).decrypt(sealed[:12], sealed[12:], None))
