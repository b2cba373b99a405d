// Uses the hook of docs/clients.md, which is beside it as blog.mjs. test/e2e says what for.
import assert from "node:assert/strict";
import { act, createElement } from "react";
import { create } from "react-test-renderer";

// What tabs share in a browser.
const items = new Map();
globalThis.localStorage = {
  getItem: (name) => items.get(name) ?? null,
  setItem: (name, value) => items.set(name, value),
};
let queue = Promise.resolve();
const request = (_, hold) => (queue = queue.catch(() => {}).then(hold));
Object.defineProperty(globalThis, "navigator", { value: { locks: { request } }, configurable: true });
globalThis.IS_REACT_ACT_ENVIRONMENT = true;

const tabs = [await import("./blog.mjs?tab=1"), await import("./blog.mjs?tab=2")];
const [{ call, keep, usePosts }] = tabs;

keep((await call("/auth/login", { method: "POST", body: { username: "alice", password: "pass123" } })).answer);
const created = await Promise.all([0, 1, 2, 3, 4, 5].map((i) =>
  tabs[i % 2].call("/posts", { method: "POST", body: { title: `Post ${i}`, content: "*Hello*" } })));
const { answer } = await call(`/posts/${created[0].answer.post._id}`, { method: "DELETE" });
assert.equal(answer, null);
await assert.rejects(call("/posts/1"), { error: "BadRequestError", message: "The id must be 24 hex digits" });

let shown;
function Posts(props) {
  shown = usePosts(props.start);
  return null;
}

// until waits for what the component shows.
async function until(isShown) {
  for (let tries = 0; !isShown(shown); tries++) {
    assert(tries < 500, `it shows ${JSON.stringify(shown)}`);
    await act(() => new Promise((resolve) => setTimeout(resolve, 10)));
  }
}

let root;
await act(async () => (root = create(createElement(Posts, { start: "/posts?author=alice&limit=2&view=summary" }))));
const pages = [];
for (const rel of ["next", "next", "prev", "prev", "next"]) {
  await until(({ posts }) => posts.length > 0 && posts[0]._id !== pages.at(-1)?.[0]._id);
  assert.equal(shown.posts[0].excerpt, "Hello");
  assert.equal(shown.posts[0].content, undefined);
  pages.push(shown.posts);
  await act(async () => shown.turn(shown[rel]));
}
assert.deepEqual(pages.map((page) => page.length), [2, 2, 1, 2, 2]);
assert.deepEqual(pages[3], pages[1]);
assert.deepEqual(pages[4], pages[0]);
assert.equal(new Set(pages.flat().map((post) => post.title)).size, 5);
await until(({ posts }) => posts[0]?._id === pages[1][0]._id);
await act(async () => shown.turn("/posts?limit=0"));
await until(({ error }) => error?.error === "ValidationError");
await act(async () => root.unmount());
