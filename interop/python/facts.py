"""What a scenario saw, printed as `name: value` lines that do not depend on times, ids or ports."""

import hashlib
import sys
import traceback


class Facts:
    """Runs the steps of a scenario one after the other; a step that fails says so and the next goes on."""

    def __init__(self):
        self.failed = False

    def say(self, name, value):
        print(f"{name}: {value}", flush=True)

    def step(self, name, run):
        print(f"[{name}]", file=sys.stderr, flush=True)
        try:
            run()
        except Exception as error:
            self.failed = True
            traceback.print_exc(file=sys.stderr)
            self.say(name, f"FAILED {type(error).__name__}: {error}")

    def end(self):
        sys.exit(1 if self.failed else 0)


def digest(records):
    """A short hash over (key, value, headers) tuples in order."""
    h = hashlib.sha256()
    for key, value, headers in records:
        for part in (key, value):
            h.update(b"\0null" if part is None else b"\1" + len(part).to_bytes(4, "big") + part)
        for name, content in headers or []:
            h.update(name.encode() + b"=" + (b"\0null" if content is None else content))
    return h.hexdigest()[:16]
