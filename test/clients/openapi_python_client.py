"""Uses the client that openapi-python-client generates. scripts/clients says what for."""

import os

from gin_blog_client import AuthenticatedClient, Client
from gin_blog_client.api.auth import login, register
from gin_blog_client.api.posts import create_post, delete_post, list_posts, read_post, update_post
from gin_blog_client.models import Credentials, PostChange, PostInput, Registration, ViewName

url, username, password = os.environ["BLOG_URL"], "openapi-python-client", "pass1234"


def check(answer, status):
    """Returns what an answer has, which must have the status."""
    assert answer.status_code == status, f"{answer.status_code}, want {status}: {answer.content}"
    return answer.parsed


stranger = Client(base_url=url)
check(register.sync_detailed(client=stranger, body=Registration(username=username, password=password)), 201)
grant = check(login.sync_detailed(client=stranger, body=Credentials(username=username, password=password)), 200)
member = AuthenticatedClient(base_url=url, token=grant.access_token)

ids = []
for key in ["first", "second", "third", "third"]:
    body = PostInput(title=key, content="Hello", tags=["go"])
    answer = create_post.sync_detailed(client=member, body=body, idempotency_key=key)
    post = check(answer, 201).post
    ids.append(post.field_id)
    assert post.author.username == username and post.created_at.tzinfo, post
    assert (answer.headers.get("Idempotency-Replayed") == "true") == (len(ids) == 4), answer.headers
assert ids[2] == ids[3], ids

first = list_posts.sync_detailed(client=stranger, author=username, limit=2)
posts = check(first, 200)
second = list_posts.sync_detailed(client=stranger, author=username, limit=2, after=posts[-1].field_id)
posts += check(second, 200)
assert [post.title for post in posts] == ["third", "second", "first"], posts
assert 'rel="next"' in first.headers["Link"] and 'rel="next"' not in second.headers["Link"]

summary = check(list_posts.sync_detailed(client=stranger, author=username, view=ViewName.SUMMARY), 200)[0]
assert summary.excerpt == "Hello" and summary.reading_minutes == 1 and not summary.content, summary
shown = check(read_post.sync_detailed(ids[0], client=stranger, view=ViewName.HTML), 200)
assert shown.html == "<p>Hello</p>\n" and shown.content == "Hello", shown

answer = read_post.sync_detailed(ids[0], client=stranger)
check(answer, 200)
tag = answer.headers["ETag"]
change = PostChange(title="changed")
assert check(update_post.sync_detailed(ids[0], client=member, body=change, if_match=tag), 200).title == "changed"
change.title = "changed again"
refused = check(update_post.sync_detailed(ids[0], client=member, body=change, if_match=tag), 412)
assert refused.error == "PreconditionFailedError", refused

check(delete_post.sync_detailed(ids[0], client=member), 204)
check(read_post.sync_detailed(ids[0], client=stranger), 404)
