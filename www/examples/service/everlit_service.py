"""The valid token of one of the operator's accounts. Python 3.10 or later, nothing beside its standard library.

    service = Service("https://app.example.com", "broker", key)
    session = service.get_valid_session()
    if session.token is None:
        print("no token:", session.reason, "ask again in", session.retry_after, "s")

Run as a program it prints the status, for which it takes EVERLIT_URL, EVERLIT_SERVICE and EVERLIT_KEY_FILE.
"""

import json
import os
import random
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field


class ServiceError(Exception):
    """No usable answer came, or the Worker refused the request. Its text never holds a key or a token."""


@dataclass(frozen=True)
class Session:
    """A token, or why there is none."""

    token: str | None = field(default=None, repr=False)
    token_type: str | None = None
    expires_at: int | None = None  # milliseconds since 1970, by the Worker's clock
    epoch: int | None = None
    generation: int | None = None
    read_only: bool = False
    reason: str | None = None
    retry_after: float | None = None  # seconds


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The key is for one address and no other."""

    def redirect_request(self, *_):
        return None


class Service:
    """One account. Threads share it, and of many that need a token at once one asks."""

    def __init__(self, url: str, name: str, key: str, timeout: float = 15.0):
        if not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise ValueError(f"url is to begin with https:// (http:// on this machine only), and is {url!r}")
        self.name = name
        self._base = f"{url.rstrip('/')}/service/{name}/"
        self._key = key
        self._timeout = timeout
        self._lock = threading.Lock()
        self._session = Session()
        self._good_until = 0.0
        self._opener = urllib.request.build_opener(_NoRedirects)

    def get_valid_session(self) -> Session:
        """From memory while the token is good."""
        with self._lock:
            if self._session.token is None or time.monotonic() >= self._good_until:
                self._take(self._ask("POST", "token", {}))
            return self._session

    def refresh(self, holds: Session) -> Session:
        """Another token than the one that the provider has just refused."""
        with self._lock:
            if (self._session.epoch, self._session.generation) == (holds.epoch, holds.generation):
                self._take(self._ask("POST", "refresh", {"epoch": holds.epoch, "generation": holds.generation}))
            return self._session

    def get_session_status(self) -> dict:
        """How the service stands, as the Worker says it."""
        return self._ask("GET", "status")

    def _take(self, said: dict) -> None:
        if said.get("code") == "no_token":
            # Who asks too often hears nothing of the token: that a person is needed is still so.
            known = self._session.reason == "needs_human" and said.get("reason") == "caller_limited"
            self._session = Session(reason="needs_human" if known else said.get("reason"), retry_after=said.get("retry_after"))
            return
        life = said["expires_in"]
        self._session = Session(said["access_token"], said["token_type"], said["expires_at"], said["epoch"], said["generation"], said["read_only"])
        # It has to arrive and to be used yet. Where nobody knows its end, it is asked for once a minute.
        self._good_until = time.monotonic() + (60 if life is None else life - min(30, life / 5))

    def _ask(self, method: str, path: str, body: dict | None = None) -> dict:
        ends_at = time.monotonic() + self._timeout
        attempt = 0
        while True:
            attempt += 1
            status, said = self._once(method, path, body)
            if status == 200 and ("access_token" in said or "status" in said) or said.get("code") == "no_token":
                return said
            if "code" in said and 400 <= status < 500 and status not in (408, 425, 429):
                raise ServiceError(f"the Worker answered {status} {said['code']}: {said.get('detail') or said.get('title')}")
            # The network, a proxy, a restart: none of it says anything about the token.
            wait = max(said.get("retry_after") or 0, 0.05 + random.random() * min(8, 0.25 * 2**attempt))
            if time.monotonic() + wait >= ends_at:
                raise ServiceError(f"no usable answer came from {self._base} (HTTP {status})")
            time.sleep(wait)

    def _once(self, method: str, path: str, body: dict | None) -> tuple[int, dict]:
        headers = {"Authorization": f"Bearer {self._key}", "Accept": "application/json", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data, headers, method=method)
        try:
            try:
                answer = self._opener.open(request, timeout=6)
            except urllib.error.HTTPError as error:
                answer = error
            with answer:
                status, text = answer.status, answer.read()
        except Exception:  # http.client raises what is no OSError as well
            return 0, {}
        try:
            said = json.loads(text)
        except ValueError:
            return status, {}
        return status, said if isinstance(said, dict) else {}


def main() -> int:
    missing = [name for name in ("EVERLIT_URL", "EVERLIT_SERVICE", "EVERLIT_KEY_FILE") if not os.environ.get(name)]
    if missing:
        print(f"set {', '.join(missing)}", file=sys.stderr)
        return 64
    with open(os.environ["EVERLIT_KEY_FILE"], encoding="ascii") as file:
        service = Service(os.environ["EVERLIT_URL"], os.environ["EVERLIT_SERVICE"], file.read().strip())
    try:
        print(json.dumps(service.get_session_status(), indent=2))
    except ServiceError as error:
        print(error, file=sys.stderr)
        return 69
    return 0


if __name__ == "__main__":
    sys.exit(main())
