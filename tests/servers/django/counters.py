"""What the server saw, counted where it happens. A request is counted before its answer leaves."""

import hashlib
import json
import sys
import threading

from django.conf import settings
from django.http import JsonResponse

_LOCK = threading.Lock()
_COUNTERS = dict.fromkeys(
    ["code_grants", "refresh_grants", "refresh_errors", "replays_forgiven", "reuse_detected", "revocations"], 0
)


def _count(name):
    with _LOCK:
        _COUNTERS[name] += 1


def show(_request):
    """GET /counters: how a test asks. Not part of any protocol."""
    with _LOCK:
        return JsonResponse(_COUNTERS)


def _is_spent(refresh_token):
    from oauth2_provider.models import get_refresh_token_model

    checksum = hashlib.sha256(refresh_token.encode()).hexdigest()
    known = get_refresh_token_model().objects.filter(token_checksum=checksum)
    return known.exists() and not known.filter(revoked__isnull=True).exists()


class CountTokenRequests:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        path = request.path_info
        if request.method != "POST" or path not in ("/o/token/", "/o/revoke_token/"):
            return self.get_response(request)
        grant = request.POST.get("grant_type")
        spent = grant == "refresh_token" and _is_spent(request.POST.get("refresh_token", ""))
        response = self.get_response(request)
        good = response.status_code == 200
        if path == "/o/revoke_token/":
            if good:
                _count("revocations")
        elif grant == "authorization_code":
            _count("code_grants")
        elif grant == "refresh_token":
            _count("refresh_grants")
            if not good:
                _count("refresh_errors")
            if spent and good:
                _count("replays_forgiven")
            if spent and not good and settings.OAUTH2_PROVIDER["REFRESH_TOKEN_REUSE_PROTECTION"]:
                _count("reuse_detected")
        if not good:
            print(f"authorization server: {path} refused: {_error(response)}", file=sys.stderr, flush=True)
        return response


def _error(response):
    try:
        return json.loads(response.content)["error"]
    except (ValueError, KeyError, TypeError):
        return response.status_code
