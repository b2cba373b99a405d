// A client written for the tutorial: it sends only the tutorial's requests and reads only the tutorial's fields.
// Usage: node tutorial-client.mjs BASE_URL

import assert from "node:assert/strict";

const base = process.argv[2];
const username = `reader${Date.now()}`;

async function call(method, path, body, token) {
  const headers = { "Content-Type": "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  const response = await fetch(base + path, { method, headers, body: body && JSON.stringify(body) });
  return { status: response.status, json: await response.json() };
}

const registered = await call("POST", "/auth/register", { username, password: "pass123" });
assert.equal(registered.status, 201);
assert.equal(registered.json.message, "User registered");

const wrong = await call("POST", "/auth/login", { username, password: "wrong" });
assert.equal(wrong.status, 401);
assert.equal(wrong.json.message, "Invalid credentials");

const login = await call("POST", "/auth/login", { username, password: "pass123" });
assert.equal(login.status, 200);
assert.ok(login.json.token, "token");
assert.ok(login.json.accessToken, "accessToken");
assert.ok(login.json.refreshToken, "refreshToken");

const anonymous = await call("POST", "/posts", { title: "My Post", content: "Hello" });
assert.equal(anonymous.status, 401);
assert.equal(anonymous.json.message, "Authentication required");

const forged = await call("POST", "/posts", { title: "My Post", content: "Hello" }, "not.a.token");
assert.equal(forged.status, 401);
assert.equal(forged.json.error, "JsonWebTokenError");

for (const token of [login.json.token, login.json.accessToken]) {
  const created = await call("POST", "/posts", { title: " My Post ", content: "Hello" }, token);
  assert.equal(created.status, 201);
  assert.equal(created.json.message, "Post created");
  assert.equal(created.json.post.title, "My Post");

  const list = await call("GET", "/posts");
  assert.equal(list.status, 200);
  const listed = list.json.find((post) => post._id === created.json.post._id);
  assert.equal(listed.author.username, username);

  const one = await call("GET", `/posts/${created.json.post._id}`);
  assert.equal(one.status, 200);
  assert.equal(one.json.content, "Hello");
  assert.equal(one.json.author.username, username);
  assert.ok(!Number.isNaN(Date.parse(one.json.createdAt)));
}

const missing = await call("GET", "/posts/ffffffffffffffffffffffff");
assert.equal(missing.status, 404);
assert.equal(missing.json.message, "Post not found");

const empty = await call("POST", "/auth/refresh", {});
assert.equal(empty.status, 401);
assert.equal(empty.json.message, "Refresh token required");

const refreshed = await call("POST", "/auth/refresh", { refreshToken: login.json.refreshToken });
assert.equal(refreshed.status, 200);
const after = await call("POST", "/posts", { title: "Later", content: "Hello again" }, refreshed.json.accessToken);
assert.equal(after.status, 201);

console.log("the tutorial's client is content");
