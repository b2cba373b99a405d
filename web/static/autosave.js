// Keeps what is typed into an editor. It stays in this browser until the server has it. A draft is also saved by itself,
// and a new text becomes one after the first pause: never over a version that this page has not seen, because the
// server compares If-Match with the draft, and answers 412.
const form = document.querySelector("form[data-autosave]");
const { version, publishAt, zone, title, content, tags } = form.elements;
const fields = publishAt ? [title, content, tags, publishAt, zone] : [title, content, tags];
const inBrowser = form.dataset.autosave === "browser"; // nothing is saved without a click
const pause = 2000; // milliseconds after the last key
let timer, saving, typed = false, stopped = inBrowser;

const say = (text) => { form.querySelector("output").textContent = text; };
const path = () => new URL(form.action).pathname;
const place = () => `typed:${path()}`;
const values = () => fields.map((field) => (field === zone && !publishAt.value ? "" : field.value));
const forget = () => localStorage.removeItem(place());
const keep = (sent = false) => {
  localStorage.setItem(place(), JSON.stringify({ version: version.value, sent, values: values() }));
};

if (publishAt && !publishAt.value && zone.value === "UTC") {
  zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

async function send() {
  const body = new URLSearchParams(new FormData(form));
  for (const name of ["version", "publishAt", "zone"]) body.delete(name); // a time may be half typed
  body.set("do", "autosave");
  if (!title.value.trim()) body.set("title", content.value.trim().split("\n")[0].slice(0, 60) || "Untitled");
  const headers = version.value ? { "If-Match": `"${version.value}"` } : {};
  const keepalive = body.toString().length < 60000; // browsers send no more once the page is closed
  const answer = await fetch(path(), { method: "POST", body, headers, keepalive, redirect: "error" });
  if ([403, 404, 409, 412].includes(answer.status)) {
    stopped = true;
    const button = form.querySelector('[value="draft"]') ?? form.querySelector("button");
    say(`Autosave has stopped. Press “${button.textContent}” to see why: your text is kept in this browser.`);
    return;
  }
  if (answer.status === 400) throw new Error("Not saved yet: press “Preview” to see why.");
  if (!answer.ok) throw new Error();
  forget();
  version.value = answer.headers.get("ETag").slice(1, -1);
  const draft = answer.headers.get("Location");
  if (draft) {
    form.action = draft;
    history.replaceState(null, "", draft);
  }
  if (typed || publishAt.value !== publishAt.defaultValue) keep();
  say("Saved as a draft.");
}

async function save() {
  clearTimeout(timer);
  await saving;
  if (stopped || !typed) return;
  typed = false;
  saving = send().catch((error) => {
    typed = true;
    timer = setTimeout(save, 5 * pause);
    say(error.message.startsWith("Not saved") ? error.message : "Not saved yet.");
  });
  await saving;
  saving = undefined;
}

// What was kept is saved if the page shows it, or if it was sent and there is another version since. Of an older
// version, it stays so, and the server shows both when it is sent.
function restore() {
  if (form.dataset.typed !== undefined) return keep();
  const kept = JSON.parse(localStorage.getItem(place()) ?? "null");
  if (!kept) return;
  const stored = version.value;
  if ((kept.sent && kept.version !== stored) || values().every((value, i) => value === kept.values[i])) return forget();
  fields.forEach((field, i) => { if (field !== zone || kept.values[i]) field.value = kept.values[i]; });
  version.value = kept.version;
  typed = !inBrowser;
  say("Your unsaved changes are back.");
  const discard = Object.assign(document.createElement("button"), { type: "button", className: "quiet" });
  discard.append("Discard them");
  discard.addEventListener("click", () => {
    forget();
    form.reset();
    version.value = stored;
    typed = false;
    say("");
    discard.remove();
  });
  form.querySelector(".buttons").append(discard);
}

restore();

document.querySelector("[data-discard]")?.addEventListener("click", forget);

form.addEventListener("input", (event) => {
  if (!inBrowser && ![publishAt, zone].includes(event.target)) {
    typed = true;
    clearTimeout(timer);
    timer = setTimeout(save, pause);
    if (!stopped) say("");
  }
  keep();
});

document.addEventListener("visibilitychange", () => { if (document.hidden) save(); });
addEventListener("online", save);

// A new text and a draft are saved before they are sent, so that nothing of them stays here.
form.addEventListener("submit", async (event) => {
  clearTimeout(timer);
  if (inBrowser) return keep(true);
  if (event.submitter?.value === "preview") typed = false;
  if (!saving && (!typed || stopped)) return;
  event.preventDefault();
  await save();
  stopped = true;
  form.requestSubmit(event.submitter);
});
