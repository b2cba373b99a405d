"""Signs schemathesis in, which the configuration alone cannot do for calls that end their session."""

import itertools
import os
import unicodedata

import requests
import schemathesis

URL = os.environ["BLOG_URL"]
NUMBERS = itertools.count(1)

# After one of these, the token is no longer good, so each call has an account of its own.
END_THE_SESSION = ["DELETE /auth/me", "DELETE /auth/sessions", "DELETE /auth/sessions/{id}", "POST /auth/password"]


def send(path, body):
    answer = requests.post(URL + path, json=body, timeout=10)
    answer.raise_for_status()
    return answer.json()


@schemathesis.auth(refresh_interval=None).apply_to(name=END_THE_SESSION)
class OwnAccount:
    """A new account for each call, with the password of the document's examples."""

    def get(self, case, context):
        credentials = {"username": f"leaver{next(NUMBERS)}", "password": "pass123"}
        send("/auth/register", credentials)
        return send("/auth/login", credentials)["token"]

    def set(self, case, token, context):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}


@schemathesis.auth(refresh_interval=None).skip_for(name=END_THE_SESSION)
class Admin:
    """The account that scripts/schemathesis made."""

    def get(self, case, context):
        return os.environ["BLOG_TOKEN"]

    def set(self, case, token, context):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}


@schemathesis.hook
def filter_body(context, body):
    """Leaves out bodies that follow rules of the server which a JSON schema cannot say."""
    if not isinstance(body, dict):
        return True
    for name in ("password", "newPassword"):
        password = body.get(name)
        # The limit is in bytes, the schema's in characters; and a password must not be the username.
        if isinstance(password, str) and (len(password) <= 72 < len(password.encode()) or password == body.get("username")):
            return False
    title, tags = body.get("title"), body.get("tags")
    if isinstance(title, str) and title != title.strip():  # cut off before the title is checked
        return False
    return not isinstance(tags, list) or all(is_tag(tag) for tag in tags if isinstance(tag, str))


@schemathesis.hook
def filter_query(context, query):
    """Leaves out tags that have signs of scripts which a JSON schema cannot name."""
    return not isinstance(query, dict) or not isinstance(query.get("tag"), str) or is_tag(query["tag"])


def is_tag(tag):
    """Returns whether a text that the schema takes has letters, digits, marks and "-" alone."""
    return all(sign == "-" or unicodedata.category(sign)[0] in "LMN" for sign in tag)
