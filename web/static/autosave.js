// Keeps what is typed into an editor. A draft is saved by itself, and a new text becomes one after the first pause:
// never over a version that this page has not seen, because the server compares If-Match with the draft, and answers
// 412. What is typed over a post stays in this browser until it is saved.
const form = document.querySelector("form[data-autosave]");
const say = (text) => { form.querySelector("output").textContent = text; };
const { version, publishAt, zone, title, content, tags } = form.elements;
const isPost = form.dataset.autosave === "post";
const place = `typed:${location.pathname}`;
const pause = 2000; // milliseconds after the last key
let timer, saving, typed = false, stopped = false;

if (publishAt && !publishAt.value && zone.value === "UTC") {
  zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

async function send() {
  const body = new URLSearchParams(new FormData(form));
  for (const name of ["version", "publishAt", "zone"]) body.delete(name);
  body.set("do", "autosave");
  if (!title.value.trim()) body.set("title", content.value.trim().split("\n")[0].slice(0, 60) || "Untitled");
  const headers = version.value ? { "If-Match": `"${version.value}"` } : {};
  const keepalive = body.toString().length < 60000; // browsers send no more once the page is closed
  try {
    const answer = await fetch(location.pathname, { method: "POST", body, headers, keepalive, redirect: "error" });
    if (answer.ok) {
      version.value = answer.headers.get("ETag").slice(1, -1);
      const draft = answer.headers.get("Location");
      if (draft) {
        form.action = draft;
        history.replaceState(null, "", draft);
      }
      say("Saved as a draft.");
    } else if ([403, 404, 409, 412].includes(answer.status)) {
      stopped = true;
      say("Not saved, and no longer saved by itself. Press Save to see why: your text is kept.");
    } else {
      say("Not saved yet.");
    }
  } catch {
    say("Not saved yet.");
  }
}

async function save() {
  clearTimeout(timer);
  await saving;
  if (stopped || !typed) return;
  typed = false;
  saving = send();
  await saving;
  saving = undefined;
}

function keep() {
  localStorage.setItem(place, JSON.stringify([version.value, title.value, content.value, tags.value]));
}

function forget() {
  localStorage.removeItem(place);
}

// What was kept of another version is what was saved, or is older than what somebody else saved.
function restore() {
  const fields = [title, content, tags];
  const [of, ...kept] = JSON.parse(localStorage.getItem(place) || "[]");
  if (of !== version.value) return forget();
  if (fields.every((field, i) => field.value === kept[i])) return;
  fields.forEach((field, i) => { field.value = kept[i]; });
  say("You typed this before, and did not save it.");
  const discard = Object.assign(document.createElement("button"), { type: "button", className: "quiet" });
  discard.append("Discard it");
  discard.addEventListener("click", () => {
    forget();
    form.reset();
    say("");
    discard.remove();
  });
  form.querySelector(".buttons").append(discard);
}

if (isPost) restore();

form.addEventListener("input", (event) => {
  if (stopped || [publishAt, zone].includes(event.target)) return;
  if (isPost) {
    keep();
    return;
  }
  typed = true;
  say("");
  clearTimeout(timer);
  timer = setTimeout(save, pause);
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden && !isPost) save();
});

form.addEventListener("submit", async (event) => {
  clearTimeout(timer);
  stopped = true;
  if (!saving) return;
  event.preventDefault(); // the form must name the version that is being saved
  await saving;
  saving = undefined;
  form.requestSubmit(event.submitter);
});
