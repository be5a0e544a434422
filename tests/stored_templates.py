"""Keep compiled templates between test processes and runs: compiling all of them takes several seconds."""

from hashlib import sha256
from pathlib import Path
from types import CodeType

import jinja2
from jinja2.bccache import Bucket, FileSystemBytecodeCache

from syndicate.templating import environment


class StoredTemplates(FileSystemBytecodeCache):
    """Cache of compiled templates in a folder, read once a process."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        key = (bucket.key, bucket.checksum)
        if key not in self._codes:
            super().load_bytecode(bucket)
            if bucket.code is None:
                return
            self._codes[key] = bucket.code
        bucket.code = self._codes[key]


def keep_templates(folder: Path) -> None:
    """Let environments share a cache in ``folder``, anew when jinja2 or ``syndicate.templating`` changes."""
    made_by = sha256(jinja2.__version__.encode())
    for file in sorted(Path(environment.__file__).parent.glob("*.py")):
        made_by.update(file.read_bytes())
    below = folder / made_by.hexdigest()[:16]
    below.mkdir(parents=True, exist_ok=True)
    environment._COMPILED = StoredTemplates(below)  # type: ignore[misc, assignment]
