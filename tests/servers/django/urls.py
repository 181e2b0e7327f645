"""What is served: the toolkit under /o/, as its manual has it, so that the issuer has a path; and the counters."""

from counters import show
from django.urls import include, path
from oauth2_provider import views as toolkit
from views import Authorize, Discovery

protocol = [
    path("authorize/", Authorize.as_view(), name="authorize"),
    path("authorize/<str:waiting>/<str:step>", Authorize.as_view()),
    path("token/", toolkit.TokenView.as_view(), name="token"),
    path("revoke_token/", toolkit.RevokeTokenView.as_view(), name="revoke-token"),
    path("introspect/", toolkit.IntrospectTokenView.as_view(), name="introspect"),
    path("userinfo/", toolkit.UserInfoView.as_view(), name="user-info"),
    path(".well-known/jwks.json", toolkit.JwksInfoView.as_view(), name="jwks-info"),
    path(".well-known/openid-configuration", Discovery.as_view(), name="oidc-connect-discovery-info"),
]

urlpatterns = [
    path("o/", include((protocol, "oauth2_provider"))),
    path("counters", show),
]
