"""Django's settings, and the toolkit's, for one start of the server."""

from pathlib import Path

HERE = Path(__file__).parent


def build(flags, *, issuer, signing_key, secret_key, database):
    """What serve.py hands to django.conf.settings.configure."""
    port = issuer.rpartition(":")[2].partition("/")[0]
    return {
        "SECRET_KEY": secret_key,
        "ALLOWED_HOSTS": ["127.0.0.1"],
        "DEBUG": False,
        "USE_TZ": True,
        "LOGGING_CONFIG": None,
        "ROOT_URLCONF": "urls",
        "INSTALLED_APPS": ["django.contrib.contenttypes", "django.contrib.auth", "oauth2_provider"],
        "MIDDLEWARE": [
            "counters.CountTokenRequests",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        "TEMPLATES": [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [HERE / "templates"]}],
        # The browser keeps its session itself. SameSite=Lax is what keeps other sites from posting our forms.
        # Cookies know no port: with it in the name two servers can be open in one browser.
        "SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies",
        "SESSION_COOKIE_NAME": f"django_session_{port}",
        "SESSION_COOKIE_SAMESITE": "Lax",
        "DATABASES": {
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": database,
                "OPTIONS": {
                    # A transaction that begins as a reader and then wants to write fails at once when another one has
                    # written since ("database is locked"). One that begins as a writer waits its turn instead.
                    "transaction_mode": "IMMEDIATE",
                    "timeout": 20,
                    # Readers do not wait for the writer. The file is gone at the end, so nothing has to reach the disk.
                    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;",
                },
            }
        },
        # The tables are made as they are now, not by replaying how they came to be.
        "MIGRATION_MODULES": {"contenttypes": None, "auth": None, "oauth2_provider": None},
        "OAUTH2_PROVIDER": {
            "OAUTH2_VALIDATOR_CLASS": "accounts.Validator",
            "SCOPES": {
                "openid": "Know that it is you",
                "profile": "See your name",
                "email": "See your email address",
                "offline_access": "Stay signed in",
            },
            "DEFAULT_SCOPES": ["openid"],
            "ACCESS_TOKEN_EXPIRE_SECONDS": flags.access_ttl,
            "REFRESH_TOKEN_EXPIRE_SECONDS": 14 * 24 * 3600,
            "ROTATE_REFRESH_TOKEN": True,
            "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": flags.grace,
            "REFRESH_TOKEN_REUSE_PROTECTION": flags.reuse_protection,
            "OIDC_ENABLED": True,
            "OIDC_ISS_ENDPOINT": issuer,
            "OIDC_RSA_PRIVATE_KEY": signing_key,
            "OIDC_RESPONSE_TYPES_SUPPORTED": ["code"],
            "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
            "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
            "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
        },
    }
