"""An issuer of OpenID Connect in a process of its own: Django with django-oauth-toolkit, and one user.

It is told what it serves as JSON, and listens at a socket that it inherits, so that its address was known before.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from socketserver import ThreadingMixIn
from tempfile import TemporaryDirectory
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

LOGIN = """<form method="post">{% csrf_token %}{{ form.as_p }}<button>Log in</button></form>"""
CLIENT_ID, CLIENT_SECRET = "heliograph", "a secret: of two"
PASSWORD = "password of the issuer"


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


def configure(origin: str, directory: str) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from django.conf import settings

    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    settings.configure(
        SECRET_KEY="of the tests",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF="tests.console.django_issuer",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "oauth2_provider",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        SESSION_COOKIE_NAME="issuer_session",  # cookies know no ports
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{directory}/issuer.sqlite3"}},
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "context_processors": ["django.template.context_processors.request"],
                    "loaders": [
                        ("django.template.loaders.locmem.Loader", {"registration/login.html": LOGIN}),
                        "django.template.loaders.app_directories.Loader",
                    ],
                },
            }
        ],
        LOGIN_URL="/login/",
        USE_TZ=True,
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True,
            "OIDC_ISS_ENDPOINT": f"{origin}/o",
            "OIDC_RSA_PRIVATE_KEY": key.decode(),
            "OAUTH2_VALIDATOR_CLASS": "tests.console.django_issuer.Validator",
            "SCOPES": {"openid": "who you are", "email": "your e-mail address"},
        },
    )


def serve(listening: socket.socket, redirect_uri: str, email: str, verified: bool) -> None:
    import django
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
    with TemporaryDirectory() as directory:
        configure(origin, directory)
        django.setup()
        call_command("migrate", verbosity=0)
        from django.contrib.auth.models import User
        from django.contrib.auth.views import LoginView
        from django.urls import include, path
        from oauth2_provider.models import Application
        from oauth2_provider.oauth2_validators import OAuth2Validator

        class Validator(OAuth2Validator):  # type: ignore[misc]
            def get_additional_claims(self) -> dict[str, object]:
                return {"email": lambda request: request.user.email, "email_verified": lambda _: verified}

            oidc_claim_scope = OAuth2Validator.oidc_claim_scope | {"email": "email", "email_verified": "email"}

        here = sys.modules[__name__]
        here.Validator = Validator  # type: ignore[attr-defined]
        here.urlpatterns = [  # type: ignore[attr-defined]
            path("login/", LoginView.as_view()),
            path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
        ]
        user = User.objects.create_user("vera", email, PASSWORD)
        Application.objects.create(
            name="Heliograph",
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            client_type=Application.CLIENT_CONFIDENTIAL,
            authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
            algorithm=Application.RS256_ALGORITHM,
            redirect_uris=redirect_uri,
            user=user,
        )
        server = Server(listening.getsockname(), WSGIRequestHandler, bind_and_activate=False)
        server.socket.close()
        server.socket = listening
        server.server_name, server.server_port = listening.getsockname()
        server.setup_environ()
        server.set_app(get_wsgi_application())
        server.serve_forever()


if __name__ == "__main__":
    sys.modules["tests.console.django_issuer"] = sys.modules[__name__]
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    told = json.loads(sys.argv[1])
    serve(socket.socket(fileno=told["fd"]), told["redirect_uri"], told["email"], told["verified"])
