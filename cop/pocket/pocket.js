// Searches the page it stands in. All words come from the page, in its language; nothing of a record is taken as HTML.
(() => {
  "use strict";
  const { copSearch: S, copInside: inside, cop } = window;
  const { said } = inside.data;
  const form = document.getElementById("find"), field = form.querySelector("input");
  const told = document.getElementById("told"), list = document.getElementById("hits"), more = document.getElementById("more");
  const numbers = new Intl.NumberFormat(document.documentElement.lang);
  const fill = (message, values) => message.split(/%\((\w+)\)s/).map((piece, at) => (at % 2 ? values[piece] : piece));
  const bdi = (words) => S.h("bdi", {}, words);
  let ready, found, shown, asked = 0;
  cop("g", inside.data.g);
  cop("x", inside.data.x);
  cop("f", {});
  cop("w0", true);
  const begin = () => (ready = ready || S.ready());
  // the article that was read, with its language, as it stands in a list
  const same = (heading) => ({ lang: heading.lang || undefined, dir: heading.dir || undefined });
  const hit = async (number) => {
    const row = await S.row(number), one = S.shown(row, found.question.query.keys);
    const article = document.getElementById(row[0].slice(1)), meta = article.querySelector(".m"), as = same(article.querySelector("h3"));
    return S.h("li", {}, S.h("h3", as, S.h("a", { href: row[0] }, one.title)), meta && S.h("p", { class: "m" }, meta.textContent), S.h("p", as, one.excerpt));
  };
  const show = async () => {
    const page = await S.pageOf(found.question, {}, S.limits().page, shown);
    shown += page.numbers.length;
    list.append(...(await Promise.all(page.numbers.map(hit))));
    more.hidden = shown >= page.total;
    return page;
  };
  const lines = (total, question, typed) => {
    const line = (...words) => S.h("p", {}, ...words);
    if (!total) return [line(fill(said.nothing, { words: bdi(typed) })), line(said.shorter)];
    const all = [S.h("h2", {}, fill(said.found, { num: numbers.format(total) }))];
    if (question.shownFor) {
      const other = S.h("button", { type: "button", class: "quiet" }, fill(said.as_typed, { words: bdi(typed) }));
      other.addEventListener("click", () => search(true));
      all.push(line(fill(said.instead, { words: bdi(question.shownFor) })), line(other));
    }
    return question.any ? [...all, line(said.any)] : all;
  };
  const search = async (exact) => {
    const typed = field.value.trim(), turn = ++asked;
    list.replaceChildren();
    more.hidden = true;
    told.replaceChildren(typed ? S.h("p", {}, said.wait) : "");
    if (!typed) return;
    await begin();
    const question = await S.understand(typed, exact);
    if (turn !== asked) return; // somebody went on typing
    found = { question };
    shown = 0;
    const page = await show();
    if (turn !== asked) return;
    told.replaceChildren(...lines(page.total, question, typed));
  };
  form.hidden = false;
  // Reading all words takes a moment, so it begins before somebody types
  form.addEventListener("focusin", begin, { once: true });
  addEventListener("load", () => setTimeout(begin, 500));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    search(false);
  });
  more.addEventListener("click", show);
  window.copPage = { begin };
})();
