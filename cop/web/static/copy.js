// Shows what copy-search.js finds, on the search page and the lists of a copy that has no server. All words come from the
// copy's own files, in its language; nothing of a record is ever taken as HTML but lines that cop made and escaped.
(() => {
  "use strict";
  const here = document.currentScript.dataset;
  const { h, file, files, row, held, among, rising, bits, both, count } = window.copSearch;
  const asked = new URLSearchParams(location.search);
  const text = (value) => [...value].slice(0, 1000).join("").replace(/[\0-\x1f\x7f-\x9f]/g, " ").trim();
  const first = (name) => text(asked.get(name) || "");
  const pageNumber = () => (/^\d{1,6}$/.test(first("page")) ? Math.max(1, Number(first("page"))) : 1);

  // -- words of the site
  const said = (name) => held.u.said[name];
  const num = (value) => {
    let shown = String(value);
    if (shown.length >= held.u.from) shown = shown.replace(/\B(?=(\d{3})+$)/g, held.u.thousands);
    return shown.replace(/\d/g, (digit) => held.u.digits[digit]);
  };
  const fill = (message, values) =>
    message.split(/%\((\w+)\)s/).map((piece, at) => (at % 2 ? (typeof values[piece] === "number" ? num(values[piece]) : values[piece]) : piece.replace(/%%/g, "%")));
  const forms = (name, number) => fill(held.u.counted[name][number < 200 ? number : 100 + (number % 100)], { num: number });
  const apart = (value) => h("bdi", {}, value);
  const speaks = (language) => {
    const known = /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/.test(language);
    return known ? { lang: language, dir: held.u.rtl.includes(language.split("-")[0].toLowerCase()) ? "rtl" : "ltr" } : { dir: "auto" };
  };
  const link = (query) => {
    const pairs = Object.entries(query).flatMap(([name, value]) => [value].flat().filter(Boolean).map((one) => [name, one]));
    return here.target + (pairs.length ? "?" + new URLSearchParams(pairs) : "");
  };
  const filters = (chosen, cleared) =>
    chosen.length ? h("ul", { class: "plain chosen" },
      chosen.map((one) => h("li", {}, one.label, ": ", h("b", {}, apart(one.value)), " ",
        h("a", { href: link(one.query) }, said("remove"), h("span", { class: "vh" }, " ", fill(said("this"), { value: one.value }))))),
      chosen.length > 1 && h("li", {}, h("a", { href: link(cleared) }, said("remove_all")))) : "";
  const pager = (query, page, last, total, most) => {
    const size = held.g.limits.page, start = (page - 1) * size + 1, shown = last >= start;
    const previous = page > 1 && start <= Math.max(total, 1), next = last < total && page < most;
    return previous || next ? h("nav", { "aria-label": said("pages") }, h("p", {},
      shown && [fill(said("range"), { first: start, last, total }), ". "],
      previous && [h("a", { href: link({ ...query, page: String(page - 1) }), rel: "prev" }, said("previous")), " "],
      next && h("a", { href: link({ ...query, page: String(page + 1) }), rel: "next" }, said("next")))) : "";
  };
  const tell = (message) => (document.getElementById("told").textContent = [message].flat().join(""));

  // -- the search page
  const choice = (one) => h("li", {},
    one.chosen ? h("b", { "aria-current": "true" }, one.label) : h("a", { href: link(one.query) }, one.label),
    one.count === undefined ? "" : [" ", h("span", { class: "n" }, num(one.count))]);
  const without = (query, name) => Object.fromEntries(Object.entries(query).filter(([one]) => one !== name));
  const search = async () => {
    const { understand, pageOf, options, FILTERS, limits } = window.copSearch;
    const typed = [...first("q")].slice(0, limits().typed).join(""), size = limits().page;
    const chosen = {}, query = { q: typed };
    for (const [name, parameter] of Object.entries(FILTERS)) query[parameter] = chosen[name] = [...first(parameter)].slice(0, 200).join("");
    if (first("exact")) query.exact = "1";
    const cleared = { q: typed, exact: query.exact };
    await file("f");
    const question = await understand(typed, Boolean(query.exact));
    let page = Math.min(pageNumber(), limits().pages), found = await pageOf(question, chosen, size, (page - 1) * size);
    if (found.total && !found.numbers.length) { // there are fewer pages: the last one is meant
      page = Math.ceil(found.total / size);
      found = await pageOf(question, chosen, size, (page - 1) * size);
    }
    const offset = (page - 1) * size;
    const label = (name, value) => (held.f[name].values.find((one) => one[0] === value) || [0, value, value]);
    const kinds = (types, base, current) => [
      { label: said("everything"), count: types.reduce((sum, one) => sum + one[1], 0), query: without(base, "type"), chosen: !current },
      ...types.map(([name, n]) => ({ label: label("type", name)[2], count: n, query: { ...base, type: name }, chosen: name === current }))];
    const groups = question && found.types.length ? ["topics", "languages", "kind"].map((name) => {
      const counts = options(question, chosen, name), now = chosen[name], left = without(query, FILTERS[name]);
      const shown = [...new Set([...(now ? [now] : []), ...counts.map((one) => one[0])])].slice(0, limits().groups);
      const known = new Map(counts);
      return (now || shown.length > 1) && { label: held.f[name].label, open: Boolean(now), options: [
        ...(now ? [{ label: said("all"), query: left }] : []),
        ...shown.map((value) => ({ label: label(name, value)[1], count: known.get(value) === null ? undefined : known.get(value) || 0,
          query: { ...left, [FILTERS[name]]: value }, chosen: value === now }))] };
    }).filter(Boolean) : [];
    const inForce = Object.entries(chosen).filter((one) => one[1]).map(([name, value]) => ({
      label: name === "type" ? said("only") : held.f[name].label, value: label(name, value)[name === "type" ? 2 : 1], query: without(query, FILTERS[name]) }));
    return { typed, page, query, cleared, question, found, groups, inForce, offset, kinds,
      rows: await Promise.all(found.numbers.map(row)), current: chosen.type };
  };
  const results = (one) => [
    h("div", { class: "beside facets-first" },
      h("details", { class: "facets noprint" },
        h("summary", { class: "button quiet" }, said("narrow")),
        h("nav", { "aria-label": said("narrow") },
          h("ul", { class: "index one" }, one.kinds(one.found.types, one.query, one.current).map(choice)),
          one.groups.map((group) => h("details", { open: group.open }, h("summary", {}, group.label), h("ul", { class: "index one" }, group.options.map(choice)))))),
      h("div", {},
        h("h2", {}, fill(said("found"), { num: one.found.total })),
        filters(one.inForce, one.cleared),
        one.question.shownFor && h("p", {}, fill(said("instead"), { words: apart(one.question.shownFor) }), " ",
          h("a", { href: link({ ...one.query, exact: "1" }) }, fill(said("as_typed"), { words: apart(one.typed) }))),
        one.question.any && h("p", {}, said("any")),
        h("ol", { class: "rows results", start: one.offset + 1 }, one.rows.map((record, at) => result(record, one.question.query.keys, one.found.numbers[at]))),
        pager(one.query, one.page, one.offset + one.rows.length, one.found.total, held.g.limits.pages),
        h("p", { class: "small" }, said("here"), " ", said("sent"))))];
  const result = (record, wanted, number) => {
    const shown = window.copSearch.shown(record, wanted);
    const name = window.copSearch.typeAt()[number], type = held.f.type.values.find((one) => one[0] === name);
    return h("li", {},
      h("h3", speaks(record[3]), h("a", { href: record[0] }, record[1] ? shown.title : said("untitled"))),
      h("p", { class: "meta" }, [type ? type[1] : "", record[4]].filter(Boolean).join(". ")),
      h("p", speaks(record[3]), shown.excerpt));
  };
  const nothing = async (one) => {
    const { understand, pageOf, plainWords, near } = window.copSearch, { tries: most, near: around } = held.g.limits;
    const words = plainWords(one.typed);
    const heading = h("h2", {}, fill(said("nothing"), { words: apart(one.typed) }));
    if (!words.length) return [heading, h("p", { class: "lead" }, said("no_letter"))];
    const tries = new Map();
    for (const word of words.slice(0, most))
      for (const other of [word, ...(await near(word, around))]) {
        const { total } = await pageOf(await understand(other, true), {}, 0, 0);
        if (total && tries.size < most) tries.set(other, total);
      }
    const everything = (await pageOf(one.question, {}, 0, 0)).types;
    return [heading, filters(one.inForce, one.cleared), !one.inForce.length && h("p", { class: "lead" }, said("help")),
      h("ul", {},
        tries.size && h("li", {}, said("try_one"), [...tries].map(([word, n]) => [" ", h("a", { href: link({ q: word }) }, apart(word)), ` (${num(n)})`])),
        everything.length && h("li", {}, said("look_in"), one.kinds(everything, one.cleared, "").map((kind) => [" ", h("a", { href: link(kind.query) }, kind.label), ` (${num(kind.count)})`])),
        h("li", {}, said("shorter")),
        h("li", {}, h("a", { href: here.topics }, said("topics"))))];
  };
  const showSearch = async () => {
    if (!first("q")) return;
    const box = document.getElementById("q"), place = document.getElementById("found");
    box.value = first("q");
    const one = await search();
    const heading = fill(said("heading"), { words: one.typed }).join("");
    document.title = document.title.replace(/^.*? – /, () => heading + " – ");
    place.replaceChildren(...(one.rows.length ? results(one) : await nothing(one)).filter(Boolean));
    tell(one.rows.length ? fill(said("found"), { num: one.found.total }) : fill(said("nothing"), { words: one.typed }));
    place.dataset.numbers = JSON.stringify([one.found.total, one.found.numbers, one.found.types]);
  };

  // -- lists: lists.py and narrow.py
  const EXCHANGE = "exchange", ORDERS = ["", "oldest", "title", "added", "best"];
  const daysAgo = (days) => {
    const day = new Date();
    day.setDate(day.getDate() - days);
    return [day.getFullYear(), day.getMonth() + 1, day.getDate()].map((one) => String(one).padStart(2, "0")).join("-");
  };
  const list = async () => {
    const { numbersFor, listed, seen, today, all } = window.copSearch, kind = here.kind;
    const of = await file(`f-${kind}`), words = first("q"), chosen = new Map();
    await file("f");
    for (const facet of of.facets) {
      let values = [...new Set(asked.getAll(facet.name).slice(0, 20).map(text).filter(Boolean))].sort();
      if (facet.how === "new") values = values.filter((one) => facet.values.some((known) => known[0] === one) && (one !== EXCHANGE || of.exchange));
      if (values.length) chosen.set(facet, values);
    }
    const found = await numbersFor(words, kind);
    let sort = first("sort");
    if (!ORDERS.includes(sort) || (sort === "best" && !found)) sort = "";
    const named = [...chosen.keys()].some((facet) => facet.how === "named") ? await file(`n-${kind}`) : {};
    let base = both(bits(rising(of.all)), seen());
    for (const [number, day] of of.closes || []) if (day < today().slice(0, day.length)) base[number] = 0;
    const recent = (value) => (value === EXCHANGE ? rising(of.exchange) : of.added.filter((one) => one[0] >= daysAgo(Number(value))).flatMap((one) => rising(one[1])));
    const numbersOf = (facet, value) => {
      if (facet.how === "new") return recent(value);
      const one = facet.how === "named" ? [named[value]] : (facet.values.find((other) => other[0] === value) || []).slice(2);
      return one[0] ? rising(one[0]) : [];
    };
    const some = (facet, values) => {
      const sets = values.map((value) => bits(numbersOf(facet, value)));
      return sets.reduce((one, other) => one.map((bit, at) => (facet.how === "every" ? bit & other[at] : bit | other[at])));
    };
    const inWords = found && bits(found), sets = new Map([...chosen].map(([facet, values]) => [facet, some(facet, values)]));
    const wanted = (but) => {
      let left = inWords ? both(base, inWords) : base;
      for (const [facet, set] of sets) if (facet !== but) left = both(left, set);
      return left;
    };
    const every = wanted(), total = count(every), size = held.g.limits.page;
    const query = (changes) => {
      const told = { q: words };
      for (const [facet, values] of chosen) told[facet.name] = values;
      return { ...told, sort, ...changes };
    };
    const parts = kind === "event" ? await whenEvents(of) : null;
    const order = parts ? parts.flatMap((part) => part.numbers) : found && (sort === "" || sort === "best") ? found : window.copSearch.decode(await file(`o-${kind}-${sort || "newest"}`));
    const page = parts ? pageNumber() : Math.min(pageNumber(), Math.max(1, Math.ceil(total / size))); // behind the last page stands the last one
    const numbers = order.filter((number) => every[number]), start = (page - 1) * size;
    const facets = of.facets.map((facet) => facetOf(facet, chosen.get(facet) || [], of, numbersOf, wanted)).filter(Boolean);
    const shown = numbers.slice(start, start + size);
    return { of, words, chosen, parts, sort, page, total, start, query, found, facets, everything: count(base), numbers: shown,
      rows: await Promise.all(shown.map(row)) };
  };
  // Events to come, without a date, and past: by the day of whoever reads
  const whenEvents = async (of) => {
    const names = ["coming", "undated", "past"], today = window.copSearch.today(), last = new Map(of.days);
    const fits = { coming: (number) => last.get(number) >= today, undated: () => true, past: (number) => last.get(number) < today };
    const orders = await files(names.map((name) => `o-event-${name}`));
    return names.map((name, at) => ({ name, numbers: window.copSearch.decode(orders[at]).filter(fits[name]) }));
  };
  const inParts = (one) =>
    one.parts.map(({ name, numbers }) => {
      const held = new Set(numbers), rows = one.rows.filter((_, at) => held.has(one.numbers[at]));
      return rows.length ? [h("h2", {}, said(name)), h("ul", { class: "rows" }, rows.map(card))] : [];
    }).flat();
  const facetOf = (facet, chosen, of, numbersOf, wanted) => {
    const left = wanted(facet.how === "every" ? null : facet), whole = count(wanted(facet)), limits = held.g.limits;
    const values = facet.how === "named" ? chosen.map((one) => [one, one]) : facet.values.filter((one) => one[0] !== EXCHANGE || of.exchange);
    const known = [...values, ...chosen.filter((one) => !values.some((other) => other[0] === one)).map((one) => [one, one])];
    const counts = known.map(([value, label]) => ({ value, label, n: among(numbersOf(facet, value), left), chosen: chosen.includes(value) }));
    const kept = counts.filter((one) => one.chosen || (one.n && (facet.how !== "new" || one.n < whole)));
    if (!kept.length) return null;
    if (facet.how === "new") kept.sort((a, b) => (a.value === EXCHANGE ? 0 : Number(a.value)) - (b.value === EXCHANGE ? 0 : Number(b.value)));
    else kept.sort((a, b) => b.chosen - a.chosen || (a.value === "-") - (b.value === "-") || (facet.how === "number" ? 0 : b.n - a.n));
    const options = kept.slice(0, limits.facet), open = Math.max(limits.open, chosen.length);
    const folded = options.length > open + 2 ? options.slice(open) : [];
    return { ...facet, shown: folded.length ? options.slice(0, open) : options, folded };
  };
  const pick = (facet) => (option) => {
    const box = h("input", { type: "checkbox", name: facet.name, value: option.value });
    box.defaultChecked = option.chosen;
    return h("label", { class: "pick" }, box, " ", apart(option.label), " ", h("span", { class: "n" }, num(option.n)));
  };
  const fieldset = (facet) => h("fieldset", {}, h("legend", {}, facet.label), facet.shown.map(pick(facet)),
    facet.folded.length && h("details", {}, h("summary", {}, forms("more", facet.folded.length)), facet.folded.map(pick(facet))));
  const card = (record) => {
    const [target, title, summary, language, , , , meta, states, gap, also] = record, line = h("p", { class: "meta" });
    line.innerHTML = meta; // made and escaped by cop
    return h("li", {},
      h("h3", speaks(language), h("a", { href: target }, title || said("untitled"))),
      meta && line,
      (also || summary) && h("p", speaks(language), also || summary),
      states.some(Boolean) && h("p", { class: "meta" }, states.filter(Boolean).map((state) => [h("span", { class: "state" }, state), " "])),
      gap ? h("p", { class: "meta" }, h("a", { href: here.add }, held.u.gaps[gap - 1])) : "");
  };
  const orders = (one) => {
    const byTitle = one.of.sort === "title";
    const known = one.found ? { best: "best" } : byTitle ? {} : { newest: "" };
    return { ...known, ...(byTitle ? {} : { oldest: "oldest" }), title: "title", added: "added" };
  };
  const showList = async () => {
    const one = await list(), place = document.querySelector("[data-results]"), { words } = one;
    const form = document.querySelector("main [name=q]").form;
    form.querySelector("[name=q]").value = words;
    const inForce = [...(words ? [{ label: said("words"), value: words, query: one.query({ q: "" }) }] : []),
      ...[...one.chosen].flatMap(([facet, values]) => values.map((value) => ({ label: facet.label,
        value: ((facet.values || []).find((known) => known[0] === value) || [0, value])[1],
        query: one.query({ [facet.name]: values.filter((other) => other !== value) }) })))];
    const details = form.querySelector("details.facets");
    if (details) {
      const made = one.facets.map(fieldset), button = details.lastElementChild;
      details.firstElementChild.textContent = inForce.length ? forms("narrowed", inForce.length).join("") : said("narrow");
      details.replaceChildren(details.firstElementChild, ...made, button);
    }
    const things = one.of.things[Math.min(one.everything, one.of.things.length - 1)];
    const amount = inForce.length ? fill(said("of"), { num: one.total, things }) : [things];
    const select = h("select", { id: "sort", name: "sort" }, Object.entries(orders(one)).map(([name, value]) =>
      h("option", { value, selected: value === one.sort }, said(name))));
    const last = Math.min(one.start + one.rows.length, one.total);
    const outside = document.querySelector("main > ul.chosen");
    if (outside) outside.remove();
    place.replaceChildren(...[
      !one.parts && h("h2", {}, amount),
      filters(inForce, {}),
      !one.parts && one.rows.length > 1 && h("div", { class: "row noprint" }, h("label", { for: "sort" }, said("order")), select, h("button", { class: "quiet" }, said("apply"))),
      ...(!one.rows.length ? [h("p", {}, said("no_fit"))] : one.parts ? inParts(one) : [h("ol", { class: "rows results", start: one.start + 1 }, one.rows.map(card))]),
      pager(one.query({}), one.page, last, one.total, Infinity)].filter(Boolean));
    tell(amount);
    place.dataset.numbers = JSON.stringify([one.total, one.numbers, one.facets.map((facet) => [facet.name, [...facet.shown, ...facet.folded].map((option) => [option.value, option.n])])]);
  };
  const start = async () => {
    if (!location.search) return;
    await window.copSearch.ready();
    await (here.kind ? showList() : showSearch());
  };
  start().catch((error) => {
    const broken = document.getElementById("broken"); // a file of the copy is missing
    if (broken) broken.hidden = false;
    console.error(error);
  });
})();
