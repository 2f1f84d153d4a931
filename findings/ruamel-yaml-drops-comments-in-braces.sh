#!/usr/bin/env bash
# ruamel.yaml 0.19.1, the library that keeps comments: reading a file and writing it again drops every
# comment that stands within braces or brackets, without a word, and writes a whole number anew:
# `+12` comes back as 12 and `-0` as 0, while `+1.5`, `0o14` and `0x0F` keep their form.
# Comments before, behind and after the braces stay.
# Seen on maps and lists of several lines; the data itself is the same.
# Fails when that changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check "ruamel.yaml==0.19.1"

"$folder/venv/bin/python" - <<'PY'
import io

import ruamel.yaml

KEPT = "# above\nlimits: {\n  # before the first\n  pages: 10,  # of 200 records\n  items: 2000,\n}  # behind\n# below\n"
NUMBERS = "a: +12\nb: -0\nc: +1.5\nd: 0o14\ne: 0x0F\n"


def again(text: str) -> str:
    """Read a text and write it, as one does to change a value and keep the rest."""
    yaml = ruamel.yaml.YAML()
    yaml.preserve_quotes = True
    out = io.StringIO()
    yaml.dump(yaml.load(text), out)
    return out.getvalue()


print(f"ruamel.yaml {ruamel.yaml.__version__}")
kept, numbers = again(KEPT), again(NUMBERS)
print(kept, numbers, sep="")
for comment in ("# above", "# behind", "# below"):
    assert comment in kept, f"{comment} is lost now, too"
for comment in ("# before the first", "# of 200 records"):
    assert comment not in kept, f"{comment} is kept now"
assert numbers == "a: 12\nb: 0\nc: +1.5\nd: 0o14\ne: 0x0F\n", "numbers are written differently now"
PY
