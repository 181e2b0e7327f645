"""Zerodha Kite's own SDK, as it comes from PyPI; it is told where to call by the `root` of its constructor.

Only the address of the login page is fixed in its class; the test puts the stand-in's origin in its place. A root with a path it joins
to its own paths as a browser would, and loses it: then the path is put in front of each of them.
"""

import sys
from urllib.parse import urlsplit

from kiteconnect import KiteConnect

from conversation import converse

kites = {}


def new(api_key, access_token=None):
    kites["it"] = KiteConnect(api_key=api_key, access_token=access_token, root=sys.argv[1])
    prefix = urlsplit(sys.argv[1]).path
    kites["it"]._routes = {name: prefix + path for name, path in KiteConnect._routes.items()}
    kites["expired"] = 0

    def expired():
        kites["expired"] += 1

    kites["it"].set_session_expiry_hook(expired)


def ask(method, **given):
    return getattr(kites["it"], method)(**given)


def ltp(instrument):
    return kites["it"].ltp(instrument)


def expiries():
    return kites["expired"]


converse({act.__name__: act for act in (new, ask, ltp, expiries)})
