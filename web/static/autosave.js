// Saves what is typed into the editor of a draft, and never over a version that this page has not seen: the server
// compares If-Match with the draft, and answers 412.
const form = document.querySelector("form[data-autosave]");
const say = (text) => { form.querySelector("[role=status]").textContent = text; };
const { version, publishAt, zone } = form.elements;
const pause = 2000; // milliseconds after the last key
let timer, saving, stopped = false;

if (!publishAt.value && zone.value === "UTC") {
  zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

async function save() {
  const body = new URLSearchParams(new FormData(form));
  for (const { name } of [version, publishAt, zone]) body.delete(name);
  body.set("do", "autosave");
  const headers = { "If-Match": `"${version.value}"` };
  try {
    const answer = await fetch(location.pathname, { method: "POST", body, headers, redirect: "error" });
    if (answer.ok) {
      version.value = answer.headers.get("ETag").slice(1, -1);
      say("Saved.");
    } else if ([403, 404, 409, 412].includes(answer.status)) {
      stopped = true;
      say("Not saved, and no longer saved by itself. Press Save draft to see why: your text is kept.");
    } else {
      say("Not saved yet.");
    }
  } catch {
    say("Not saved yet.");
  }
}

form.addEventListener("input", (event) => {
  if (stopped || [publishAt, zone].includes(event.target)) return;
  say("");
  clearTimeout(timer);
  timer = setTimeout(async () => {
    await saving;
    if (stopped) return;
    saving = save();
    await saving;
    saving = undefined;
  }, pause);
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
