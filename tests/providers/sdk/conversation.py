"""A conversation with a test, in lines of JSON: what to do with an SDK, and what came of it."""

import json
import sys

# An SDK that prints does so to stderr; stdout is for the conversation.
answers, sys.stdout = sys.stdout, sys.stderr


def say(line):
    answers.write(json.dumps(line, default=str) + "\n")
    answers.flush()


def text(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def converse(acts):
    """Answers every line until stdin ends: {"do": name, "given": {...}}."""
    say({"ready": True})
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            say({"value": acts[asked["do"]](**asked["given"])})
        except Exception as error:  # whatever an SDK raises is what the test wants to see
            say({
                "error": {
                    "type": type(error).__name__,
                    "message": str(error),
                    "status": getattr(error, "status", getattr(error, "code", None)),
                    "body": text(getattr(error, "body", None)),
                }
            })
