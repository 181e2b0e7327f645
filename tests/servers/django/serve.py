"""Serves django-oauth-toolkit on loopback until its stdin closes."""

import json
import logging
import os
import secrets
import signal
import socket
import sys
import tempfile
import threading

import django
import flags as command_line
import settings as ours
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from waitress.server import create_server

HOST = "127.0.0.1"


def listen(port):
    """The port comes first: the issuer has it in its name."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        sys.exit(f"Port {port} on {HOST} cannot be opened ({error.strerror}): choose another one with --port, or 0.")
    return listener


def new_signing_key():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(*pem).decode()


def register(flags):
    """Makes the tables and the clients."""
    from django.core.management import call_command
    from oauth2_provider.models import get_application_model

    call_command("migrate", run_syncdb=True, verbosity=0)
    Application = get_application_model()
    confidential = {
        "client_type": Application.CLIENT_CONFIDENTIAL,
        # To be slow is the point of a password hash, and would be most of the time of a token request.
        "hash_client_secret": False,
    }
    Application.objects.create(
        **confidential,
        client_id=flags.client_id,
        client_secret=flags.client_secret,
        name="Everlit demo",
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris=" ".join(flags.redirect_uris),
        algorithm=Application.RS256_ALGORITHM,
    )
    if flags.resource_secret:
        Application.objects.create(
            **confidential,
            client_id=command_line.RESOURCE_SERVER_ID,
            client_secret=flags.resource_secret,
            name="Orders",
            authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
        )


def end_with_stdin():
    """Whoever started the server holds its stdin: if that process dies, however it dies, the server ends too."""

    def wait():
        sys.stdin.buffer.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def main():
    # Flags first: a wrong one needs no server.
    flags = command_line.read()
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    end_with_stdin()
    listener = listen(flags.port)
    issuer = f"http://{HOST}:{listener.getsockname()[1]}/o"
    with tempfile.TemporaryDirectory(prefix="everlit-django-") as folder:
        database = os.path.join(folder, "db.sqlite3")
        settings.configure(
            **ours.build(
                flags,
                issuer=issuer,
                signing_key=new_signing_key(),
                secret_key=secrets.token_urlsafe(32),
                database=database,
            )
        )
        django.setup()
        register(flags)
        from django.core.wsgi import get_wsgi_application

        server = create_server(get_wsgi_application(), sockets=[listener], threads=8, ident=None)
        print(json.dumps({"ready": True, "issuer": issuer}), flush=True)
        # Ends by SystemExit, which it takes for the wish to stop.
        server.run()


if __name__ == "__main__":
    main()
