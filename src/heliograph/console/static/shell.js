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
document.addEventListener("htmx:sseMessage", (event) => {
  if (event.detail.type === "over") location.reload();
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
toTheEnd();
markRead();
const first = document.querySelector("[data-focus]");
if (first) first.focus();
