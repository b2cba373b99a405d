// Uses the client that openapi-generator generates for typescript-fetch. scripts/clients says what for.
import assert from "node:assert/strict";
import { AuthApi, Configuration, PostsApi, ResponseError } from "./generated";

const basePath = process.env.BLOG_URL!;
const [username, password] = ["typescript-fetch", "pass1234"];

// refused returns the status and the error of an answer that is none of success.
async function refused(answer: Promise<unknown>): Promise<[number, string]> {
  const error = await answer.then(() => undefined, (reason) => reason);
  assert(error instanceof ResponseError, String(error));
  return [error.response.status, (await error.response.json()).error];
}

async function main() {
  const stranger = new Configuration({ basePath });
  const auth = new AuthApi(stranger);
  const { user } = await auth.register({ registration: { username, password } });
  assert.equal(user.username, username);
  const { accessToken } = await auth.login({ credentials: { username, password } });
  const reader = new PostsApi(stranger);
  const writer = new PostsApi(new Configuration({ basePath, accessToken }));

  const ids: string[] = [];
  for (const title of ["first", "second", "third", "third"]) {
    const postInput = { title, content: "Hello", tags: ["go"] };
    const answer = await writer.createPostRaw({ idempotencyKey: title, postInput });
    const { post } = await answer.value();
    ids.push(post.id);
    assert.equal(post.author?.username, username);
    assert.equal(answer.raw.headers.get("Idempotency-Replayed"), ids.length === 4 ? "true" : null);
  }
  assert.equal(ids[2], ids[3]);

  const first = await reader.listPostsRaw({ author: username, limit: 2 });
  const posts = await first.value();
  const second = await reader.listPostsRaw({ author: username, limit: 2, after: posts[1].id });
  posts.push(...(await second.value()));
  assert.deepEqual(posts.map((post) => post.title), ["third", "second", "first"]);
  assert(posts[0].createdAt instanceof Date);
  assert.match(first.raw.headers.get("Link")!, /rel="next"/);
  assert.doesNotMatch(second.raw.headers.get("Link")!, /rel="next"/);

  const [summary] = await reader.listPosts({ author: username, view: "summary" });
  assert.deepEqual([summary.excerpt, summary.readingMinutes, summary.content], ["Hello", 1, undefined]);

  const id = ids[0];
  const shown = await reader.readPost({ id, view: "html" });
  assert.deepEqual([shown.html, shown.content], ["<p>Hello</p>\n", "Hello"]);
  const ifMatch = (await reader.readPostRaw({ id })).raw.headers.get("ETag")!;
  const changed = await writer.updatePost({ id, ifMatch, postChange: { title: "changed" } });
  assert.equal(changed.title, "changed");
  const again = writer.updatePost({ id, ifMatch, postChange: { title: "changed again" } });
  assert.deepEqual(await refused(again), [412, "PreconditionFailedError"]);

  await writer.deletePost({ id });
  assert.deepEqual(await refused(reader.readPost({ id })), [404, "NotFoundError"]);
}

void main();
