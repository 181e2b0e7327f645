"""A view of Django that needs one of the operator's accounts: one line for each.

    broker = Service("https://app.example.com", "broker", key)

    @with_session(broker)
    def quotes(request, session):
        return JsonResponse(ask_the_broker(session.token))

Where only a person can bring a token, the answer is 409 `reauth_required`: `session.fetch(url, { passthrough: true })` of everlit waits
with it, the page shows its dialog, and asks again when somebody logged in. Beside everlit_service.py; Django 4.2 or later.
"""

import asyncio
import functools
import inspect
import math
import time

from django.http import HttpResponse, JsonResponse
from everlit_service import Service, ServiceError, Session


def with_session(service: Service):
    """Gives a view, sync or async, a session with a token as its second argument; without one it is not called."""

    def decorate(view):
        if inspect.iscoroutinefunction(view):

            @functools.wraps(view)
            async def wrapped(request, *args, **kwargs):
                session = await asyncio.to_thread(_session, service)
                return _none(service, session) or await view(request, session, *args, **kwargs)

        else:

            @functools.wraps(view)
            def wrapped(request, *args, **kwargs):
                session = _session(service)
                return _none(service, session) or view(request, session, *args, **kwargs)

        return wrapped

    return decorate


def _session(service: Service) -> Session:
    try:
        return service.get_valid_session()
    except ServiceError:
        return Session(reason="unavailable", retry_after=5)


def _none(service: Service, session: Session) -> HttpResponse | None:
    """The answer where there is no token. Neither a token nor a key is in it."""
    if session.token is not None:
        return None
    needs_person = session.reason == "needs_human"
    code, status = ("reauth_required", 409) if needs_person else ("temporarily_unavailable", 503)
    problem = {"type": f"urn:everlit:problem:{code}", "title": "Only a person can go on here." if needs_person else "There is no token just now.", "status": status, "code": code}
    if needs_person:
        problem |= {"vault": f"service:{service.name}", "reason": "needs_human", "server_time": int(time.time() * 1000)}
    response = JsonResponse(problem, status=status, content_type="application/problem+json")
    response["Cache-Control"] = "no-store"
    if not needs_person:
        response["Retry-After"] = str(math.ceil(session.retry_after or 5))
    return response
