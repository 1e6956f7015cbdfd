// What HTML can't do by itself: times in the reader's own zone, keeping a conversation at its end, copying a code.
"use strict";

function tellTimes(root) {
  for (const time of root.querySelectorAll("time:empty")) {
    const at = new Date(time.dateTime);
    const today = at.toDateString() === new Date().toDateString();
    time.textContent = today
      ? at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })
      : at.toLocaleDateString([], { day: "numeric", month: "short" });
    time.title = at.toLocaleString();
  }
}

const thread = () => document.querySelector(".thread");
const atEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 40;
let follow = true;

// A phone that was opened before its first message has nobody to answer until one comes.
function answerTheLatest() {
  const to = document.getElementById("to");
  const latest = [...document.querySelectorAll(".bubble.received")].pop();
  if (to && !to.value && latest) to.value = latest.dataset.peer;
}

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.code);
  } catch {
    const field = document.createElement("textarea");
    field.value = button.dataset.code;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  const before = button.textContent;
  button.textContent = button.dataset.copied;
  setTimeout(() => { button.textContent = before; }, 1500);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-code]");
  if (button) copy(button);
});
document.addEventListener("htmx:sseBeforeMessage", () => {
  const box = thread();
  follow = !box || atEnd(box);
});
document.addEventListener("htmx:afterSettle", () => {
  tellTimes(document);
  const box = thread();
  if (box && follow) box.scrollTop = box.scrollHeight;
  answerTheLatest();
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.target.matches(".reply") || !event.detail.successful) return;
  event.target.elements.text.value = "";
  document.getElementById("complaint").textContent = "";
});

tellTimes(document);
if (thread()) thread().scrollTop = thread().scrollHeight;
const text = document.getElementById("text");
if (text && matchMedia("(min-width: 44rem)").matches) text.focus();
