"""The command line of serve.py."""

import argparse
import os
import re

RESOURCE_SERVER_ID = "everlit-orders"


def _number(least, most):
    def read(text):
        if not (re.fullmatch(r"\d{1,9}", text) and least <= int(text) <= most):
            raise argparse.ArgumentTypeError(f'has to be a whole number from {least} to {most}, not "{text}"')
        return int(text)

    return read


def read():
    """The flags, with the two secrets from the environment: a command line is seen by every user of the machine."""
    parser = argparse.ArgumentParser(
        prog="serve.py",
        description="django-oauth-toolkit on 127.0.0.1, with its state in a temporary folder. Prints one line of JSON "
        "when ready; stops on SIGTERM, SIGINT, or when its stdin closes.",
        epilog="Environment: CLIENT_SECRET, the client's secret, required; RESOURCE_SECRET, that of the client "
        f"{RESOURCE_SERVER_ID}, which may introspect; without it there is no such client.",
    )
    parser.add_argument("--port", type=_number(0, 65535), default=0, help="0 takes a free one (default)")
    parser.add_argument("--access-ttl", type=_number(1, 86400), default=60, help="lifetime of access tokens in seconds")
    parser.add_argument(
        "--grace", type=_number(0, 3600), default=10, help="REFRESH_TOKEN_GRACE_PERIOD_SECONDS (default 10)"
    )
    parser.add_argument(
        "--no-reuse-protection",
        dest="reuse_protection",
        action="store_false",
        help="REFRESH_TOKEN_REUSE_PROTECTION off: a refresh token presented too late ends nothing else",
    )
    parser.add_argument("--client-id", default="everlit-demo", help="the app's client (default everlit-demo)")
    parser.add_argument("--redirect-uri", action="append", dest="redirect_uris", metavar="URL", help="repeatable")
    flags = parser.parse_args()
    flags.redirect_uris = flags.redirect_uris or ["http://localhost:8787/auth/callback/demo"]
    flags.client_secret = os.environ.get("CLIENT_SECRET", "")
    flags.resource_secret = os.environ.get("RESOURCE_SECRET", "")
    if not flags.client_secret:
        parser.error("the environment variable CLIENT_SECRET has to hold the client's secret")
    return flags
