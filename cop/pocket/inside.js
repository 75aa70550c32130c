// What copy-search.js asks of an index, read from the articles of this very page: each word with the records it stands
// in, filed as words.py and search_index.py do. It takes turns with the browser, so that the page can be read meanwhile.
(() => {
  "use strict";
  const COLUMNS = 5; // title, names, summary, text, and words that are not their own key
  const TURN = 25; // milliseconds
  const data = JSON.parse(document.getElementById("rules").textContent);
  const articles = document.getElementsByTagName("article");
  // Who agreed to be listed until a day is not shown to anybody after it
  const day = new Date(), two = (number) => String(number).padStart(2, "0");
  const today = `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
  for (const one of document.querySelectorAll("[data-u]")) if (one.dataset.u < today) one.remove();
  const ids = new Map(), rows = [], cache = new Map(), often = new Map();
  const firsts = new Set([...data.g.prefixes, ...data.g.pairs.map((pair) => pair[0])]); // of words that may be one
  let tokens = new Uint32Array(1 << 16), used = 0, bounds, offsets, holders, S;

  const pause = () => new Promise((done) => {
    const line = new MessageChannel();
    line.port1.onmessage = done;
    line.port2.postMessage(0);
  });
  const idOf = (word) => {
    let id = ids.get(word);
    if (id === undefined) ids.set(word, (id = ids.size));
    return id;
  };
  const push = (id) => {
    if (used === tokens.length) {
      const more = new Uint32Array(2 * used);
      more.set(tokens);
      tokens = more;
    }
    tokens[used++] = id;
  };

  // -- one article
  // By class, not by selector: in a page of 10,000 records, a selector with two parts takes 30 times as long
  const text = (one, name) => [...one.getElementsByClassName(name)].map((part) => part.textContent).join("\n");
  const record = (one) => {
    const heading = one.getElementsByTagName("h3")[0], [names, words] = (one.dataset.k || "").split("\n");
    const folder = one.id.includes("/") ? one.id.split("/")[0] : data.folders[one.id] ? one.id : "pages";
    const topics = (one.dataset.t || "").replace(/-/g, " "), day = one.dataset.d || "";
    return {
      key: one.id, title: heading.textContent, summary: text(one, "s"), day, type: data.folders[folder],
      language: heading.lang || (heading.dir ? "" : document.documentElement.lang), topics: one.dataset.t ? one.dataset.t.split(" ").length : 0,
      names: [topics, names, text(one, "k"), day.slice(0, 4)].join("\n"), text: text(one, "b"), others: [text(one, "t"), words].join("\n"),
    };
  };

  // -- words.py and search_index.py
  const fold = (word) => [...word.toLowerCase()].map((sign) => data.g.fold[sign] || sign).join("");
  const ascii = (word) => word.toLowerCase().match(/[a-z0-9\u0080-\uffff]+/g) || []; // as the tokenizer of FTS5
  const entry = (run, language) => {
    const found = S.parts(run), whole = S.joined(found);
    const here = found.map((word) => S.key(word, language));
    const also = [fold([...run].slice(0, 80).join("")), ...found, whole].filter(Boolean);
    const told = [...new Set(also)].filter((word) => !here.includes(word));
    return {
      ids: here.map(idOf), joined: whole && S.key(whole, language), told: told.join(" "), written: told.flatMap(ascii).map(idOf),
      plain: S.plain(run), first: found.length === 1 && firsts.has(found[0]), n: 0,
    };
  };
  const known = (run, language) => {
    let of = cache.get(language);
    if (!of) cache.set(language, (of = new Map()));
    let one = of.get(run);
    if (!one) of.set(run, (one = entry(run, language)));
    one.n++;
    return one;
  };
  const file = (column, language, seen) => {
    const runs = S.runs(column), joined = new Map(), pairs = [];
    let before = null;
    for (const run of runs) {
      const one = known(run, language);
      for (const id of one.ids) push(id);
      if (one.joined) joined.set(run, one.joined);
      if (one.told) seen.set(one.told, one.written);
      if (before && S.isPair(before.plain, one.plain)) pairs.push(S.key(before.plain + one.plain, language));
      before = one.first ? one : null;
    }
    for (const key of [...joined.values()].sort(S.order)) push(idOf(key));
    for (const key of pairs) push(idOf(key));
    return runs.length;
  };
  const take = (number) => {
    const row = rows[number], language = S.languageOf(row.language), seen = new Map();
    [row.title, row.names, row.summary, `${row.text}\n${row.others}`].forEach((column, at) => {
      bounds[number * (COLUMNS + 1) + at] = used;
      const length = file(column, language, seen);
      if (!at) row.length = length || 1;
    });
    bounds[number * (COLUMNS + 1) + 4] = used;
    for (const written of seen.values()) for (const id of written) push(id);
    bounds[number * (COLUMNS + 1) + COLUMNS] = used;
    // one word for its kind, its language and its topics each, and for its title and address
    row.size = used - bounds[number * (COLUMNS + 1)] + 3 + row.topics;
  };
  const read = async () => {
    S = window.copSearch;
    bounds = new Uint32Array(articles.length * (COLUMNS + 1));
    let turn = performance.now();
    const rest = async () => {
      if (performance.now() - turn < TURN) return;
      await pause();
      turn = performance.now();
    };
    for (let at = 0; at < articles.length; at++) {
      rows.push(record(articles[at]));
      take(at);
      await rest();
    }
    turnAround();
    return { last: rows.length - 1, records: rows.length, words: rows.reduce((sum, row) => sum + row.size, 0), ends: [], starts: { w: "", v: "", b: "", e: "-" } };
  };

  // -- which records each word stands in
  const turnAround = () => {
    const seen = new Int32Array(ids.size).fill(-1), counts = new Uint32Array(ids.size + 1);
    const each = (take) => {
      seen.fill(-1);
      for (let number = 0; number < rows.length; number++)
        for (let at = bounds[number * (COLUMNS + 1)]; at < bounds[number * (COLUMNS + 1) + COLUMNS]; at++)
          if (seen[tokens[at]] !== number) {
            seen[tokens[at]] = number;
            take(tokens[at], number);
          }
    };
    each((id) => counts[id + 1]++);
    for (let id = 0; id < ids.size; id++) counts[id + 1] += counts[id];
    offsets = counts;
    const next = counts.slice();
    holders = new Uint32Array(counts[ids.size]);
    each((id, number) => (holders[next[id]++] = number));
  };
  const holding = (word) => {
    const id = ids.get(word);
    return id === undefined || !offsets || id + 1 >= offsets.length ? [] : [...holders.subarray(offsets[id], offsets[id + 1])];
  };
  // How often the words stand side by side in each column of these records
  const counted = (numbers, words) => {
    const sought = words.map((word) => ids.get(word)), found = { numbers: [], counts: [] };
    for (const number of numbers) {
      const counts = [0, 0, 0, 0, 0], from = number * (COLUMNS + 1);
      for (let column = 0; column < COLUMNS; column++)
        for (let at = bounds[from + column], end = bounds[from + column + 1] - sought.length; at <= end; at++)
          if (tokens[at] === sought[0] && sought.every((id, step) => tokens[at + step] === id)) counts[column]++;
      if (counts.some(Boolean)) {
        found.numbers.push(number);
        found.counts.push(counts);
      }
    }
    return found;
  };
  const postings = (word) => counted(holding(word), [word]);
  const phrase = (words) => {
    const [first, ...others] = words.map(holding).sort((one, other) => one.length - other.length);
    return counted(others.reduce((left, one) => {
      const those = new Set(one);
      return left.filter((number) => those.has(number));
    }, first), words);
  };

  // -- words as people write them
  const asWritten = (run) => {
    const written = fold(run.normalize("NFC")).replace(/['‘ʼ`´]/g, "’").replace(/[\u2010\u2011]/g, "-").replace(/^[’-]+|[’-]+$/g, "");
    return [...new Set([written, ...written.split("-")])].map((one) => [S.joined(S.parts(one)) || S.plain(one), one])
      .filter(([plain]) => [...plain].length > 2 && [...plain].length < 25 && /^\p{L}+$/u.test(plain));
  };
  const back = (word) => [...word].reverse().join("");
  const spellings = () => {
    for (const of of cache.values())
      for (const [run, { n }] of of)
        for (const [plain, word] of asWritten(run)) {
          const name = `${plain}\n${word}`;
          often.set(name, (often.get(name) || 0) + n);
        }
    const all = [...often].map(([name, n]) => {
      const [plain, word] = name.split("\n");
      return { plain, word, n, v: plain, b: back(plain) };
    });
    const sorted = (by) => [...all].sort((one, other) => S.order(one[by], other[by]) || S.order(one.word, other.word));
    return { v: sorted("v"), b: sorted("b") };
  };
  let spelledBy;
  const spelled = (name, first) => {
    spelledBy = spelledBy || spellings();
    const all = spelledBy[name], found = [];
    let low = 0, high = all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (S.order(all[middle][name], first) < 0) low = middle + 1;
      else high = middle;
    }
    for (; low < all.length && all[low][name].startsWith(first); low++) found.push(all[low]);
    return found;
  };

  // -- titles, and the order of what is equally good: the newest first, then by title
  let titles, places;
  const exactly = (typed) => {
    if (!titles) {
      titles = new Map();
      rows.forEach(({ title, key }, number) => {
        const whole = S.exact(title), before = S.exact(title.replace(new RegExp(data.g.boost.after, "su"), ""));
        const all = [whole, S.exact(decodeURIComponent(key.split("/").pop())), ...(before === whole ? [] : [":" + before])];
        for (const one of new Set(all)) titles.set(one, [...(titles.get(one) || []), number]);
      });
    }
    return new Set(typed && typed !== ":" ? titles.get(typed) : []);
  };
  const place = (number) => {
    if (!places) {
      const order = rows.map((_row, at) => at).sort((a, b) =>
        S.order(rows[b].day, rows[a].day) || S.order(rows[a].title, rows[b].title) || a - b);
      places = new Uint32Array(rows.length);
      order.forEach((one, at) => (places[one] = at));
    }
    return places[number];
  };
  const about = (number) => rows[number];
  const valued = (name) => {
    const found = new Map();
    if (name === "type") rows.forEach(({ type }, number) => found.set(type, [...(found.get(type) || []), number]));
    return found;
  };
  const line = (words) => words.replace(/\s+/g, " ").trim();
  const row = (number) => {
    const { key, title, summary, language, text: body, others } = rows[number];
    return [`#${key}`, title, summary, language, "", line(body), line(others)];
  };
  window.copInside = { data, read, postings, phrase, spelled, exactly, place, about, valued, row };
})();
