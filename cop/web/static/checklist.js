// Keeps the answers on a checklist page in this browser. It sends nothing, and the page works without it.
(() => {
  "use strict";
  const list = document.getElementById("answers");
  if (!list) return;
  const name = "cop-checklist-" + list.dataset.record;
  const boxes = [...list.querySelectorAll("input, textarea")];
  const grows = !(window.CSS && CSS.supports("field-sizing", "content"));

  // An answer belongs to the words of its question, so that it stays with them when questions are added or moved
  const key = (box) => box.tagName[0] + " " + list.querySelector("#" + box.dataset.question).textContent;
  const value = (box) => (box.type === "checkbox" ? box.checked : box.value);
  const fill = (box, kept) => {
    if (box.type === "checkbox") box.checked = kept === true;
    else box.value = typeof kept === "string" ? kept : "";
    fit(box);
  };
  // All of a note can be read and printed
  const fit = (box) => {
    if (!grows || box.type === "checkbox") return;
    box.style.blockSize = "auto";
    if (box.value) box.style.blockSize = box.scrollHeight + 4 + "px";
  };
  const read = () => {
    try {
      const kept = JSON.parse(localStorage.getItem(name));
      return kept && typeof kept === "object" ? kept : {};
    } catch {
      return {};
    }
  };
  const keep = () => {
    const kept = Object.fromEntries(boxes.filter(value).map((box) => [key(box), value(box)]));
    try {
      if (Object.keys(kept).length) localStorage.setItem(name, JSON.stringify(kept));
      else localStorage.removeItem(name);
      tell("kept");
    } catch {
      tell("lost"); // no room, or the browser may not keep anything: what the page says without a script is true
    }
  };
  const tell = (which) => {
    for (const one of document.querySelectorAll("[data-tells]")) one.hidden = one.dataset.tells !== which;
  };

  try {
    localStorage.getItem(name);
  } catch {
    return; // this browser keeps nothing
  }
  const fillAll = () => {
    const kept = read();
    for (const box of boxes) fill(box, kept[key(box)]);
  };
  fillAll();
  tell("kept");
  for (const box of boxes) {
    box.addEventListener("input", () => {
      fit(box);
      keep();
    });
  }
  window.addEventListener("storage", (event) => {
    if (event.key === name || event.key === null) fillAll(); // the same page in another tab
  });
  const clear = document.getElementById("clear");
  clear.hidden = false;
  clear.addEventListener("click", () => {
    if (!window.confirm(clear.dataset.ask)) return;
    for (const box of boxes) fill(box, null);
    keep();
    tell("cleared");
  });
})();
