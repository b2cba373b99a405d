// Writes the answers of a newman run into the collection, as its saved answers, or checks that they are the same.
//
// usage: node examples.mjs write|check COLLECTION RUN BASE_URL
//
// RUN is what newman's reporter json exported. Ids, times, tokens and names differ in each run, so each gets a value that
// is always the same. So the saved answers change only if the API does.
import { readFileSync, writeFileSync } from "node:fs";
import { STATUS_CODES } from "node:http";

const [mode, collectionPath, runPath, baseURL] = process.argv.slice(2);
const collection = JSON.parse(readFileSync(collectionPath, "utf8"));
const { run } = JSON.parse(readFileSync(runPath, "utf8"));

const shownHeaders = ["content-type", "cache-control", "location", "link", "allow", "www-authenticate", "retry-after"];
const longest = 200; // characters of a body that is no JSON, or of a whole document
const longestJSON = 4000; // of a body in JSON

const ids = new Map();

// numbered returns the number of a value: 1 for the first one.
function numbered(value) {
  if (!ids.has(value)) ids.set(value, ids.size + 1);
  return String(ids.get(value));
}

// stable replaces what differs in each run.
function stable(text) {
  return text
    .replaceAll(baseURL, "http://localhost:3000")
    .replace(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, "eyJhbGciOi…")
    .replace(/gbp_[0-9A-Za-z]{40}/g, "gbp_…")
    .replace(/\b(?!f{24})[0-9a-f]{24}\b/g, (id) => "6b049853" + numbered(id).padStart(16, "0"))
    .replace(/urn:uuid:[0-9a-f-]{36}/g, (urn) => "urn:uuid:00000000-0000-5000-8000-" + numbered(urn).padStart(12, "0"))
    .replace(/("(?:expiresAt|publishAt)": *)"\d{4}-[^"]*"/g, '$1"2026-01-09T03:04:05.678Z"')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, (time) =>
      time.startsWith("2026-01-09") ? time : "2026-01-02T03:04:05.678Z")
    .replace(/("requestId": *)"[^"]*"/g, '$1"web-0001"')
    .replace(/("version": *)"(v|\(devel\))[^"]*"/g, '$1"v1.2.3"')
    .replace(/("ip": *)"[^"]*"/g, '$1"127.0.0.1"')
    .replace(/reader\d+/g, "reader1");
}

function body(text, type) {
  if (!type.includes("json")) return cut(stable(text), longest);
  const value = JSON.parse(text);
  return stable(JSON.stringify(text.length > longestJSON ? outline(value) : value, null, 2));
}

// outline returns the beginning of a long document: what it has on the first two levels.
function outline(value, level = 0) {
  if (typeof value === "string") return cut(value, longest);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.slice(0, 1).map((element) => outline(element, level + 1));
  const entries = Object.entries(value).filter(([, v]) => level === 0 || typeof v !== "object");
  return Object.fromEntries(entries.map(([key, v]) => [key, outline(v, level + 1)]));
}

const cut = (text, length) => (text.length > length ? text.slice(0, length) + "…" : text);

function language(type) {
  for (const name of ["json", "xml", "html"]) {
    if (type.includes(name)) return name;
  }
  return "text";
}

// savedAnswer returns an answer in the form that Postman saves. sent is the request without variables. Its body is kept,
// because a schema tells whether it is right.
function savedAnswer(request, sent, response) {
  const { description, ...originalRequest } = request;
  if (originalRequest.body && sent.body.raw.length <= longestJSON) {
    originalRequest.body = { ...originalRequest.body, raw: stable(sent.body.raw) };
  }
  const headers = shownHeaders.flatMap((name) => response.header.filter((h) => h.key.toLowerCase() === name));
  const type = headers.find((h) => h.key.toLowerCase() === "content-type")?.value ?? "";
  const status = response.status || STATUS_CODES[response.code];
  return {
    name: `${response.code} ${status}`,
    originalRequest,
    status,
    code: response.code,
    _postman_previewlanguage: language(type),
    header: headers.map((h) => ({ key: h.key, value: stable(h.value) })),
    cookie: [],
    body: body(Buffer.from(response.stream?.data ?? []).toString("utf8"), type),
  };
}

function requests(items) {
  return items.flatMap((item) => (item.request ? [item] : requests(item.item)));
}

const executions = new Map();
for (const execution of run.executions) {
  if (execution.cursor.iteration === 0) executions.set(execution.item.name, execution);
}
const wrong = [];
for (const item of requests(collection.item)) {
  const execution = executions.get(item.name);
  if (!execution?.response) {
    wrong.push(`${item.name}: the run has no answer`);
    continue;
  }
  const answer = savedAnswer(item.request, execution.request, execution.response);
  if (JSON.stringify(item.response) !== JSON.stringify([answer])) wrong.push(item.name);
  item.response = [answer];
}
if (mode === "write") {
  writeFileSync(collectionPath, JSON.stringify(collection, null, 2) + "\n");
  console.log(`postman: ${wrong.length} saved answers are new`);
} else if (wrong.length > 0) {
  console.error(`postman: make postman-examples must be run, these saved answers differ:\n  ${wrong.join("\n  ")}`);
  process.exit(1);
}
