"""``python -m zoho_sandbox``: serve a sandbox from the command line."""

from __future__ import annotations

import argparse
import sys

from zoho_sandbox.service import serve


def main(arguments: list[str] | None = None) -> int:
    """Read the command line and serve; return the exit code."""
    parser = argparse.ArgumentParser(prog="zoho_sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes any free one")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--path", default=":memory:", help="SQLite file that keeps the state")
    parser.add_argument("--seed", default="default", help="default, empty, or a YAML file")
    parser.add_argument("--fresh", action="store_true", help="empty a kept state first")
    parser.add_argument("--json", action="store_true", help="announce in one line of JSON")
    given = vars(parser.parse_args(arguments))
    try:
        serve(given.pop("port"), **given)
    except (OSError, ValueError) as problem:
        sys.stderr.write(f"zoho_sandbox: {problem}\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
