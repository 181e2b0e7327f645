"""Sign-in, consent, and the discovery document.

An authorization request that waits for a person is kept by nobody: the addresses of its forms carry it, so that they end
in /login and /consent, as those of the other authorization server do, and need no hidden fields.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from urllib.parse import urlsplit

from accounts import claims_of, subject_of
from django.contrib.auth import get_user_model, login
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.shortcuts import render
from oauth2_provider.exceptions import OAuthToolkitError
from oauth2_provider.models import get_application_model
from oauth2_provider.settings import oauth2_settings
from oauth2_provider.views.base import BaseAuthorizationView
from oauth2_provider.views.oidc import ConnectDiscoveryInfoView


class Discovery(ConnectDiscoveryInfoView):
    """The toolkit names these two in its RFC 8414 document only, where a client that asks for this one never looks."""

    def get(self, request, *args, **kwargs):
        document = json.loads(super().get(request, *args, **kwargs).content)
        issuer = document["issuer"]
        document["revocation_endpoint"] = f"{issuer}/revoke_token/"
        document["introspection_endpoint"] = f"{issuer}/introspect/"
        return JsonResponse(document)


class Authorize(BaseAuthorizationView):
    """GET of the authorization endpoint, and everything that a person may do there."""

    http_method_names = ["get", "post"]

    def dispatch(self, request, *args, waiting=None, step=None, **kwargs):
        if waiting is not None:
            # From here on this is the authorization request again, whatever page it was sent from.
            request.META["QUERY_STRING"] = urlsafe_b64decode(waiting).decode()
            request.GET = QueryDict(request.META["QUERY_STRING"])
        self.step = step
        if step == "login" and request.method == "POST":
            return self.sign_in()
        return super().dispatch(request, *args, **kwargs)

    def handle_no_permission(self):
        """Nobody is signed in."""
        return self.show("sign_in.html")

    def get(self, request):
        if "login" in request.GET.get("prompt", "").split() and self.step is None:
            return self.show("sign_in.html")
        try:
            scopes, credentials = self.validate_authorization_request(request)
        except OAuthToolkitError as error:
            return self.error_response(error, application=None)
        application = self.application()
        descriptions = oauth2_settings.SCOPES
        return self.show(
            "consent.html",
            client_name=application.name,
            app_origin="{0.scheme}://{0.netloc}".format(urlsplit(credentials["redirect_uri"])),
            account=claims_of(request.user.get_username()),
            scopes=[descriptions[scope] for scope in scopes],
        )

    def post(self, request):
        if self.step not in ("consent", "deny"):
            return HttpResponse(status=405, headers={"Allow": "GET"})
        application = self.application()
        try:
            scopes, credentials = self.validate_authorization_request(request)
            uri, _, _, _ = self.create_authorization_response(
                request, scopes=" ".join(scopes), credentials=credentials, allow=self.step == "consent"
            )
        except OAuthToolkitError as error:
            return self.error_response(error, application)
        return self.redirect(uri, application)

    def sign_in(self):
        subject = subject_of(self.request.POST.get("login", ""))
        if subject is None or not self.request.POST.get("password"):
            return self.show("sign_in.html", status=400, problem="Enter a name, and a password. Any will do.")
        user, _ = get_user_model().objects.get_or_create(username=subject)
        login(self.request, user, backend="django.contrib.auth.backends.ModelBackend")
        return HttpResponseRedirect(self.address("consent"), status=303)

    def application(self):
        return get_application_model().objects.filter(client_id=self.request.GET.get("client_id", "")).first()

    def address(self, step):
        waiting = urlsafe_b64encode(self.request.META["QUERY_STRING"].encode()).decode()
        return f"/o/authorize/{waiting}/{step}"

    def show(self, template, status=200, **context):
        addresses = {step: self.address(step) for step in ("login", "consent", "deny")}
        response = render(self.request, template, {**context, "address": addresses}, status=status)
        response["Cache-Control"] = "no-store"
        return response

    def render_to_response(self, context, status):
        """The library's name for showing an error that must not be sent to the client."""
        return render(self.request, "error.html", {"error": context["error"]}, status=status)
