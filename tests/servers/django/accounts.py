"""The accounts: any name is one, and the same name is the same `sub` here as at the other authorization server."""

import re
import unicodedata
from urllib.parse import quote, unquote

from oauth2_provider.oauth2_validators import OAuth2Validator

# OpenID Connect Core section 2: `sub` "MUST NOT exceed 255 ASCII characters in length"; Django keeps 150.
LONGEST = 150


def subject_of(login):
    """The subject identifier of a name as typed, or None if it cannot be one."""
    name = " ".join(unicodedata.normalize("NFC", login).split()).lower()
    subject = quote(name, safe="!'()*")
    return subject if 0 < len(subject) <= LONGEST else None


def claims_of(subject):
    login = unquote(subject)
    is_email = re.fullmatch(r"[^@\s]+@[^@\s]+", login)
    words = re.split(r"[\s._]+", login.partition("@")[0] if is_email else login)
    name = " ".join(word[:1].upper() + word[1:] for word in words if word) or login
    local = re.sub(r"[^a-z0-9]+", ".", login).strip(".") or "user"
    return {"sub": subject, "name": name, "email": login if is_email else f"{local}@example.com", "email_verified": False}


class Validator(OAuth2Validator):
    """The toolkit's own, with our claims; it hands out only those of the scopes that were granted."""

    oidc_claim_scope = {"sub": "openid", "name": "profile", "email": "email", "email_verified": "email"}

    def get_claim_dict(self, request):
        return claims_of(request.user.get_username())

    def get_discovery_claims(self, request):
        return list(self.oidc_claim_scope)
