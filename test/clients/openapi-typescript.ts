// Uses the types that openapi-typescript generates, with openapi-fetch. scripts/clients says what for.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { paths } from "./generated";

const baseUrl = process.env.BLOG_URL!;
const [username, password] = ["openapi-typescript", "pass1234"];

// check returns what an answer has, which must be a success.
function check<T>({ data, response }: { data?: T; response: Response }, status: number): T {
  assert.equal(response.status, status);
  return data!;
}

async function main() {
  const reader = createClient<paths>({ baseUrl });
  check(await reader.POST("/auth/register", { body: { username, password } }), 201);
  const { accessToken } = check(await reader.POST("/auth/login", { body: { username, password } }), 200);
  const writer = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${accessToken}` } });

  const ids: string[] = [];
  for (const title of ["first", "second", "third", "third"]) {
    const answer = await writer.POST("/posts", {
      params: { header: { "Idempotency-Key": title } },
      body: { title, content: "Hello", tags: ["go"] },
    });
    const { post } = check(answer, 201);
    ids.push(post._id);
    assert.equal(post.author?.username, username);
    assert.equal(answer.response.headers.get("Idempotency-Replayed"), ids.length === 4 ? "true" : null);
  }
  assert.equal(ids[2], ids[3]);

  const query = { author: username, limit: 2 };
  const first = await reader.GET("/posts", { params: { query } });
  const posts = check(first, 200);
  const second = await reader.GET("/posts", { params: { query: { ...query, after: posts[1]._id } } });
  posts.push(...check(second, 200));
  assert.deepEqual(posts.map((post) => post.title), ["third", "second", "first"]);
  assert.match(first.response.headers.get("Link")!, /rel="next"/);
  assert.doesNotMatch(second.response.headers.get("Link")!, /rel="next"/);

  const summaries = await reader.GET("/posts", { params: { query: { ...query, view: "summary" } } });
  const [summary] = check(summaries, 200);
  assert.deepEqual([summary.excerpt, summary.readingMinutes, summary.content], ["Hello", 1, undefined]);

  const path = { id: ids[0] };
  const shown = check(await reader.GET("/posts/{id}", { params: { path, query: { view: "html" } } }), 200);
  assert.deepEqual([shown.html, shown.content], ["<p>Hello</p>\n", "Hello"]);
  const read = await reader.GET("/posts/{id}", { params: { path } });
  const params = { path, header: { "If-Match": read.response.headers.get("ETag")! } };
  const changed = await writer.PATCH("/posts/{id}", { params, body: { title: "changed" } });
  assert.equal(check(changed, 200).title, "changed");
  const again = await writer.PATCH("/posts/{id}", { params, body: { title: "changed again" } });
  assert.equal(again.response.status, 412);
  assert.equal(again.error?.error, "PreconditionFailedError");

  check(await writer.DELETE("/posts/{id}", { params: { path } }), 204);
  const gone = await reader.GET("/posts/{id}", { params: { path } });
  assert.equal(gone.response.status, 404);
  assert.equal(gone.error?.error, "NotFoundError");
}

void main();
