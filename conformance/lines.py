"""What the drivers have in common: see lines.mjs."""

import json
import os
import sys
import threading

JOB = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
_LOCK = threading.Lock()


def say(kind, **more):
    line = json.dumps({"type": kind, **more}, default=repr)
    with _LOCK:
        print(line, flush=True)


def on_command(handle):
    """Runs until stdin ends, and ends the program then."""
    for line in sys.stdin:
        if line.strip():
            handle(json.loads(line))
    os._exit(0)
