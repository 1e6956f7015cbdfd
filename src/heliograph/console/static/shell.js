// What HTML can't do by itself: times in the reader's own zone, the key of the search, saying that one is offline.
"use strict";

const SHORT = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" };
const LONG = { dateStyle: "full", timeStyle: "long" };

function tellTimes(root) {
  for (const time of root.querySelectorAll("time[data-full]")) {
    const at = new Date(time.dateTime);
    const years = at.getFullYear() === new Date().getFullYear() ? {} : { year: "numeric" };
    time.textContent = at.toLocaleString([], { ...SHORT, ...years });
    time.title = at.toLocaleString([], LONG);
    time.removeAttribute("data-full");
  }
}

function tellZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  document.cookie = `heliograph_zone=${zone}; path=/console; max-age=31536000; samesite=lax`;
}

function tellOffline() {
  document.getElementById("offline").hidden = navigator.onLine;
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  document.getElementById("search").focus();
});
document.addEventListener("keydown", (event) => {
  const open = document.querySelector("details.switch[open]");
  if (event.key === "Escape" && open) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});
// A form that is posted after the session has ended is filled in again when its page is back ("?typed").
const KEPT = "typed";
const typedIn = () => [...document.querySelectorAll("main form.form :is(textarea, input:not([type=hidden]))")];

function keepTyped(form) {
  const fields = [...new FormData(form)].filter(([name]) => !["form_token", "once", "checked"].includes(name));
  sessionStorage.setItem(KEPT, JSON.stringify({ path: location.pathname, fields }));
}

function putBack() {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) || "null");
  sessionStorage.removeItem(KEPT);
  const form = document.querySelector("main form.form");
  if (!form || !kept || kept.path !== location.pathname || location.search !== "?typed") return;
  history.replaceState(null, "", location.pathname);
  for (const [name, value] of kept.fields) {
    for (const field of form.elements) {
      if (field.name !== name) continue;
      if (["checkbox", "radio"].includes(field.type)) field.checked ||= field.value === value;
      else if (field.type !== "hidden" && field.tagName !== "BUTTON") field.value = value;
    }
  }
}

function tellEnded() {
  document.getElementById("ended").hidden = false;
}

document.addEventListener("submit", (event) => {
  if (event.target.matches("main form.form")) keepTyped(event.target);
});
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 401) tellEnded();
});

// What is to be handed on is selected in any case: a page without TLS may write to no clipboard.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  field.select();
  await navigator.clipboard?.writeText(field.value);
  if (navigator.clipboard) button.nextElementSibling.textContent = button.dataset.copied;
});

// A conversation counts as read once somebody can see it.
function markRead() {
  const form = document.querySelector("form[data-read]");
  if (!form || document.visibilityState !== "visible") return;
  const body = new URLSearchParams(new FormData(form));
  form.remove();
  fetch(form.action, { method: "POST", body, redirect: "manual" });
}

const words = () => document.querySelector(".talk-words");
let follow = true;

function toTheEnd() {
  const box = words();
  if (box && follow) box.scrollTop = box.scrollHeight;
}

document.addEventListener("htmx:sseBeforeMessage", () => {
  const box = words();
  follow = !box || box.scrollHeight - box.scrollTop - box.clientHeight < 40;
});
document.addEventListener("visibilitychange", markRead);

// What is loaded anew because something has ended still says what was done just before, with its way back.
const flash = () => document.querySelector("#page > div.flash");

function loadAnew() {
  if (flash()) sessionStorage.setItem("flash", flash().outerHTML);
  location.reload();
}

function putFlashBack() {
  const kept = sessionStorage.getItem("flash");
  sessionStorage.removeItem("flash");
  const reloaded = performance.getEntriesByType("navigation")[0]?.type === "reload";
  if (kept && reloaded && !flash()) document.getElementById("page").insertAdjacentHTML("afterbegin", kept);
}

document.addEventListener("htmx:sseMessage", (event) => {
  if (event.detail.type !== "over") return;
  if (typedIn().some((field) => field.value !== field.defaultValue)) tellEnded();
  else loadAnew();
});
document.addEventListener("htmx:afterSettle", () => {
  tellTimes(document);
  toTheEnd();
  markRead();
});
window.addEventListener("online", tellOffline);
window.addEventListener("offline", tellOffline);

tellTimes(document);
tellZone();
tellOffline();
putFlashBack();
putBack();
toTheEnd();
markRead();
const first = document.querySelector("[data-focus]");
if (first) first.focus();
