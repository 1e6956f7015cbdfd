// Forms with a file: the file is the body of the request, and the other fields stand in its address, so that a large
// file is never held in memory as a whole. An answer that leads elsewhere is followed; any other is shown in the form.
"use strict";

async function upload(form, button) {
  const [file] = form.querySelector("input[type=file]").files;
  if (!file) return;
  const fields = new URLSearchParams({ file_name: file.name });
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && name !== "form_token") fields.append(name, value);
  }
  const token = form.elements.form_token.value;
  const place = form.querySelector("[data-answer]");
  button.disabled = true;
  try {
    const sent = { method: "POST", body: file, headers: { "X-Form-Token": token } };
    const answer = await fetch(`${button.formAction}?${fields}`, sent);
    if (answer.redirected) location.href = answer.url;
    else if (answer.ok) htmx.swap(place, await answer.text(), { swapStyle: "innerHTML" });
    else place.textContent = form.dataset.failed;
  } catch {
    place.textContent = form.dataset.failed;
  }
  button.disabled = false;
}

for (const form of document.querySelectorAll("form[data-file]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    upload(form, event.submitter);
  });
  // What was found in one file says nothing of another.
  form.querySelector("input[type=file]").addEventListener("change", () => {
    form.querySelector("[data-answer]").replaceChildren();
  });
}
