"use strict";

const INTERVAL = 5000;
const PATIENCE = 10000;
const PAGE = location.origin + location.pathname;
const sections = new Map([...document.querySelectorAll("[data-section]")].map((part) => [part.dataset.section, part]));
const lost = document.getElementById("lost");
const news = document.getElementById("news");
let lastAnswer = new Date();
let timer;

/** Makes one element like another and touches only what differs, so that focus, selection and scrolling stay. */
function morph(shown, fresh) {
  for (const { name } of [...shown.attributes]) {
    if (!fresh.hasAttribute(name)) shown.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (shown.getAttribute(name) !== value) shown.setAttribute(name, value);
  }
  morphChildren(shown, fresh);
}

function morphChildren(shown, fresh) {
  const wanted = [...fresh.childNodes];
  while (shown.childNodes.length > wanted.length) shown.lastChild.remove();
  wanted.forEach((node, index) => {
    const present = shown.childNodes[index];
    if (!present) shown.append(node);
    else if (present.nodeName !== node.nodeName) present.replaceWith(node);
    else if (node.nodeType === Node.ELEMENT_NODE) morph(present, node);
    else if (present.nodeValue !== node.nodeValue) present.nodeValue = node.nodeValue;
  });
}

function show(fresh) {
  for (const [name, html] of Object.entries(fresh)) {
    const part = sections.get(name);
    if (part) morphChildren(part, new DOMParser().parseFromString(html, "text/html").body);
  }
  const header = document.querySelector("[data-title]");
  if (document.title !== header.dataset.title) {
    document.title = header.dataset.title;
    news.textContent = header.dataset.title;
  }
}

async function refresh() {
  clearTimeout(timer);
  if (!document.hidden) {
    try {
      const answer = await fetch(PAGE, {
        headers: { Accept: "application/json" },
        cache: "no-store",
        signal: AbortSignal.timeout(PATIENCE),
      });
      if (!answer.ok) throw new Error(`the answer was ${answer.status}`);
      show((await answer.json()).sections);
      lastAnswer = new Date();
      lost.hidden = true;
      document.body.classList.remove("stale");
    } catch {
      lost.textContent = `No answer since ${lastAnswer.toLocaleTimeString()}. What you see is from then; trying again every 5 seconds.`;
      lost.hidden = false;
      document.body.classList.add("stale");
    }
  }
  clearTimeout(timer);
  timer = setTimeout(refresh, INTERVAL);
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refresh();
});
timer = setTimeout(refresh, INTERVAL);
