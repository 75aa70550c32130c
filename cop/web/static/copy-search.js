// Finds words in a copy that has no server: the same records in the same order as search.py, from the same rules.
// Words and rules are data (see cop/export/search_files.py); a page at file:// can load it with <script src> only.
(() => {
  "use strict";
  const here = document.currentScript.dataset;
  const held = {}, asked = {};
  const onePage = window.copInside; // of a copy in one file: it reads the page instead of files, see cop/pocket/inside.js
  window.cop = (name, value) => (held[name] = value);
  const file = (name) => onePage ? Promise.resolve(held[name]) :
    (asked[name] = asked[name] || new Promise((done, fail) => {
      const script = document.createElement("script");
      script.src = here.folder + name + ".js";
      script.onload = () => done(held[name]);
      script.onerror = () => fail(new Error(name));
      document.head.append(script);
    }));
  const h = (name, attributes, ...children) => {
    const made = document.createElement(name);
    for (const [one, value] of Object.entries(attributes)) if (value !== undefined && value !== false) made.setAttribute(one, value === true ? "" : value);
    made.append(...children.flat(Infinity).filter(Boolean)); // 0 is how a condition says no
    return made;
  };
  const files = (names) => Promise.all([...new Set(names)].map(file));
  const memo = (make) => {
    const known = new Map();
    return (...all) => {
      const args = make.length ? all.slice(0, make.length) : all;
      const name = args.join("\n");
      if (!known.has(name)) known.set(name, make(...args));
      return known.get(name);
    };
  };

  // -- numbers, and where in a row of files something stands
  const decode = (text) => {
    const found = [];
    let number = 0, unit = 1;
    for (let at = 0; at < text.length; at++) {
      let sign = text.charCodeAt(at) - 35;
      if (sign > 57) sign--;
      if (sign < 46) {
        found.push(number + sign * unit);
        number = 0;
        unit = 1;
      } else {
        number += (sign - 46) * unit;
        unit *= 45;
      }
    }
    return found;
  };
  const rising = (text) => {
    let sum = 0;
    return decode(text).map((step) => (sum += step));
  };
  // As SQLite and Python order texts: by code point
  const order = (one, other) => {
    const length = Math.min(one.length, other.length);
    for (let at = 0; at < length; at++) {
      let a = one.charCodeAt(at), b = other.charCodeAt(at);
      if (a === b) continue;
      if (a >= 0xd800 && b >= 0xd800) {
        a = a >= 0xe000 ? a - 0x10000 : a;
        b = b >= 0xe000 ? b - 0x10000 : b;
      }
      return a - b;
    }
    return one.length - other.length;
  };
  const starts = memo((name) => held.i.starts[name].split(" "));
  const place = (name, word) => {
    const all = starts(name);
    let low = 0, high = all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (order(all[middle], word) <= 0) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  };

  // -- words.py
  let G, RUN, ONE, OFF, STRANGE, PIECES, ALL, SMALL, PREFIXES, PAIRS;
  const ready = async () => {
    await files(["i", "g", "u"]);
    G = held.g;
    const inside = G.marks + G.vowels + G.invisible + G.apostrophes, u = "gu";
    RUN = new RegExp(`[\\p{L}\\p{N}][\\p{L}\\p{N}_${inside}${G.hyphens}]*`, u);
    ONE = new RegExp(`[${G.unspaced}]|[^_${G.hyphens}${G.unspaced}]+`, u);
    OFF = new RegExp(`[${G.marks}${G.invisible}${G.apostrophes}]`, u);
    STRANGE = new RegExp(`[^\\p{L}\\p{N}${G.vowels}]`, u);
    const space = " \\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
    PIECES = new RegExp(`"([^"]*)"|([^${space}"]+)`, u);
    SMALL = new Set(G.small);
    PREFIXES = new Set(G.prefixes);
    PAIRS = new Set(G.pairs.map((pair) => pair.join(" ")));
    for (const groups of Object.values(G.endings))
      for (const group of groups) for (const rule of group) rule[0] = new RegExp(rule[0], u);
    if (onePage) held.i = await onePage.read();
    ALL = held.i.last + 1;
  };
  const runs = (text) => text.match(RUN) || [];
  const cut = (text, most) => (text.length > most ? [...text].slice(0, most).join("") : text);
  const plain = memo((word) => {
    const small = [...cut(word, 2 * G.limits.letters).normalize("NFKD").toLowerCase()].map((sign) => G.fold[sign] || sign);
    const letters = small.join("").normalize("NFKD").replace(OFF, "").replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => digit.charCodeAt(0) & 15);
    return cut([...letters].map((sign) => G.letters[sign] || sign).join("").replace(STRANGE, ""), G.limits.letters).normalize("NFC");
  });
  const parts = memo((run) => (run.match(ONE) || []).map(plain).filter(Boolean));
  const key = memo((typed, language) => {
    let word = Object.hasOwnProperty.call(G.same, typed) ? G.same[typed] : typed;
    const arabic = /^[\u0621-\u06d3]/.test(word);
    if (!arabic && (word.length < G.limits.shortest || !/^[a-z]+$/.test(word))) return word;
    for (const group of G.endings[arabic ? "ar" : language]) {
      const rule = group.find((one) => word.search(one[0]) >= 0);
      if (rule) word = word.replace(rule[0], rule[1]);
    }
    return word;
  });
  const keys = memo((word) => [...new Set(G.languages.map((language) => key(word, language)))]);
  const languageOf = (code) => {
    const base = code.split("-")[0].toLowerCase();
    return G.languages.includes(base) ? base : G.languages[0];
  };
  const joined = (found) => {
    const whole = found.join("");
    const short = found.length > 1 && found.length <= G.limits.joined && [...whole].length <= G.limits.letters;
    return short && [...whole].some((sign) => /\p{L}/u.test(sign) && sign < "\u2e80") ? whole : "";
  };
  const isPair = (first, second) =>
    (PREFIXES.has(first) && [...second].length > 2 && /^\p{L}+$/u.test(second)) || PAIRS.has(first + " " + second);
  const exact = (text) => cut(runs(text).map((run) => parts(run).join("")).join(""), 80);

  // -- query.py
  const word = (part) => part.whole || (part.words.length === 1 ? part.words[0] : "");
  const singles = (part) => [word(part), ...part.also].filter(Boolean);
  const isOne = (part) => part.whole && (PREFIXES.has(part.words[0]) || (part.words.length === 2 && isPair(...part.words)));
  const partKeys = (part) => new Set([...singles(part), ...(isOne(part) ? [] : part.words)].flatMap(keys));
  const leaf = (tokens) => ({ tokens });
  const and = (of) => ({ every: true, of });
  const or = (of) => ({ every: false, of });
  const expression = (part) => {
    const options = singles(part).flatMap(keys).map((one) => leaf([one]));
    if (part.words.length > 1 && !isOne(part))
      for (const language of G.languages) {
        const side = part.words.map((one) => key(one, language));
        options.push(part.apart ? and(side.map((one) => leaf([one]))) : leaf(side));
      }
    return or([...new Map(options.map((one) => [JSON.stringify(one), one])).values()]);
  };
  const parse = (typed) => {
    const clean = cut(typed, G.limits.typed).replace(/[\p{Cc}\p{Cs}]/gu, " ");
    const found = [];
    for (const piece of clean.matchAll(PIECES)) {
      let part = partOf(piece);
      const last = found[found.length - 1];
      if (part && last && besides(last, part)) {
        found.pop();
        const both = last.words.concat(part.words);
        part = { ...part, words: both, start: last.start, whole: both.join(""), apart: true };
      }
      const same = (other) => other.words.join(" ") === part.words.join(" ");
      if (part && found.length < G.limits.parts && !found.some(same)) found.push(part);
    }
    return queryOf(found);
  };
  const partOf = (piece) => {
    const all = runs(piece[0]);
    const found = all.flatMap(parts).slice(0, G.limits.parts);
    const quoted = piece[1] !== undefined;
    const whole = all.length === 1 && !quoted ? joined(found) : "";
    return found.length && { words: found, start: piece.index, end: piece.index + piece[0].length, whole, quoted, also: [] };
  };
  const besides = (one, other) => {
    if (one.quoted || other.quoted || one.words.length > 1 || other.words.length > 1) return false;
    const first = one.words[0], second = other.words[0];
    return (second.length < 3 && /^\p{L}+$/u.test(first) && /^\p{N}+$/u.test(second)) || isPair(first, second);
  };
  const queryOf = (found) => {
    const told = found.filter((part) => part.quoted || !SMALL.has(word(part)));
    const needed = told.length ? told : found;
    return { parts: found, needed, keys: new Set(needed.flatMap((part) => [...partKeys(part)])) };
  };
  const whole = (query) => query.parts.map((part) => part.whole || part.words.join("")).join("");
  const allWords = (query) => and(query.needed.map(expression));
  const anyWord = (query) => or(query.needed.map(expression));
  const allButOne = (query) => {
    const each = query.needed.map(expression);
    return or(each.map((_, at) => and(each.filter((_one, other) => other !== at))));
  };

  // -- the index: which records match
  const tokensOf = (node) => (node.tokens ? [node] : node.of.flatMap(tokensOf));
  const loadWords = (node) =>
    files(tokensOf(node).flatMap((one) =>
      one.tokens.flatMap((token) => [`w${place("w", token)}`, ...(one.tokens.length > 1 ? [`p${place("w", token)}`] : [])])));
  // How often a word stands in each column of a record; the columns that hold it, as bits; what it weighs there
  const weighed = (counts) => ({
    counts,
    columns: counts.reduce((bits, times, column) => (times ? bits | (1 << column) : bits), 0),
    weight: 10 * counts[0] + 5 * counts[1] + 3 * counts[2] + counts[3],
  });
  const shard = memo((name) => {
    const [t, n, k] = ["t", "n", "k"].map((part) => held[name][part].split(" "));
    const c = held[name].c, kinds = [];
    for (let at = 0; at < c.length; at += 5) kinds.push(weighed(c.slice(at, at + 5)));
    return { at: new Map(t.map((token, at) => [token, at])), n, k, kinds };
  });
  const postings = memo((token) => {
    if (onePage) return stand(onePage.postings(token));
    const at = place("w", token), of = shard(`w${at}`), found = of.at.get(token);
    if (found === undefined) return { numbers: [], kinds: [] };
    return { numbers: rising(of.n[found]), kinds: decode(of.k[found]).map((kind) => of.kinds[kind]), file: `p${at}`, found };
  });
  const stand = ({ numbers, counts }) => ({ numbers, kinds: counts.map(weighed) });
  const spots = memo((token) => {
    const { numbers, kinds, file: name, found } = postings(token);
    if (!numbers.length) return new Map();
    const all = decode(held[name].split(" ")[found]);
    let at = 0;
    return new Map(numbers.map((number, record) => [number, kinds[record].counts.map((count) => all.slice(at, (at += count)))]));
  });
  const phrase = (tokens) => {
    if (onePage) return stand(onePage.phrase(tokens));
    const [first, ...others] = tokens.map(spots);
    const numbers = [], kinds = [];
    for (const [number, columns] of first) {
      const next = others.map((one) => one.get(number));
      if (!next.every(Boolean)) continue;
      const counts = columns.map((column, at) =>
        column.filter((start) => next.every((one, step) => one[at].includes(start + step + 1))).length);
      if (counts.some(Boolean)) {
        numbers.push(number);
        kinds.push(weighed(counts));
      }
    }
    return { numbers, kinds };
  };
  // Both for every record, and how rare the words are, as FTS5 reckons
  const stands = memo((...tokens) => {
    const { numbers, kinds } = tokens.length > 1 ? phrase(tokens) : postings(tokens[0]);
    const columns = new Uint8Array(ALL), weight = new Float64Array(ALL);
    numbers.forEach((number, at) => {
      columns[number] = kinds[at].columns;
      weight[number] = kinds[at].weight;
    });
    const rare = Math.log((held.i.records - numbers.length + 0.5) / (numbers.length + 0.5));
    return { columns, weight, rare: rare > 0 ? rare : 1e-6 };
  });
  const EVERYWHERE = 31;
  const match = (node, within = EVERYWHERE) => {
    if (node.tokens) {
      const found = new Uint8Array(ALL), { columns } = stands(...node.tokens);
      for (let at = 0; at < ALL; at++) found[at] = columns[at] & within ? 1 : 0;
      return found;
    }
    const [first, ...others] = node.of.map((one) => match(one, within));
    for (const other of others)
      for (let at = 0; at < ALL; at++) first[at] = node.every ? first[at] & other[at] : first[at] | other[at];
    return first;
  };
  const both = (one, other) => {
    const found = new Uint8Array(ALL);
    for (let at = 0; at < ALL; at++) found[at] = one[at] & other[at];
    return found;
  };
  const bits = (numbers) => {
    const found = new Uint8Array(ALL);
    for (const number of numbers) found[number] = 1;
    return found;
  };
  const listed = (found) => {
    const numbers = [];
    for (let at = 0; at < ALL; at++) if (found[at]) numbers.push(at);
    return numbers;
  };
  const count = (found) => {
    let sum = 0;
    for (let at = 0; at < ALL; at++) sum += found[at];
    return sum;
  };
  const today = () => {
    const day = new Date(), two = (number) => String(number).padStart(2, "0");
    return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
  };
  const seen = memo(() => {
    const found = new Uint8Array(ALL).fill(1);
    for (const [number, day] of held.i.ends) if (day < today()) found[rising(number)[0]] = 0;
    return found;
  });
  const visible = (node, within) => both(match(node, within), seen());
  const weigh = (node, number, share) => {
    if (node.tokens) {
      const { columns, weight, rare } = stands(...node.tokens);
      return columns[number] ? rare * ((weight[number] * 2.2) / (weight[number] + share)) : -1;
    }
    const found = node.of.map((one) => weigh(one, number, share)), hits = found.filter((one) => one >= 0);
    return hits.length && (!node.every || hits.length === found.length) ? hits.reduce((a, b) => a + b) : -1;
  };
  const numbersOf = memo((at) => {
    const [some, lengths, sizes] = held[`d${at}`], length = decode(lengths), size = decode(sizes);
    return new Map(rising(some).map((number, index) => [number, { length: length[index], size: size[index], index }]));
  });
  const about = (number) => onePage ? onePage.about(number) : numbersOf(Math.floor(number / G.size.numbers)).get(number);
  const loadAbout = (numbers, name = "d") => files(numbers.map((number) => name + Math.floor(number / G.size.numbers)));
  const placesOf = memo((at) => decode(held[`q${at}`]));
  const placeOf = (number) => onePage ? onePage.place(number) : placesOf(Math.floor(number / G.size.numbers))[about(number).index];

  // -- questions.py
  const understand = async (typed, asTyped) => {
    const query = parse(typed);
    if (!query.parts.length) return null;
    const found = await wholeOrBegun(query);
    if (found) return found;
    const unknown = [];
    for (const part of query.parts) {
      const node = expression(part);
      await loadWords(node);
      if (!count(match(node))) unknown.push(part);
    }
    const better = asTyped ? "" : await corrected(typed, unknown);
    const instead = better && (await understand(better, true));
    if (instead) return { ...instead, shownFor: better };
    return someWords(queryOf(query.parts.filter((part) => !unknown.includes(part))));
  };
  const wholeOrBegun = async (query) => {
    const node = allWords(query), last = query.parts[query.parts.length - 1];
    await loadWords(node);
    const found = count(visible(node)), begins = last.quoted ? "" : word(last);
    if (found <= G.limits.unfinished && [...begins].length >= G.limits.beginning) {
      const also = await beginnings(begins);
      if (also.length) {
        const begun = queryOf([...query.parts.slice(0, -1), { ...last, also }]), more = allWords(begun);
        await loadWords(more);
        if (Math.min(count(visible(more)), G.limits.unfinished + 1) > found) return question(begun, more);
      }
    }
    return found ? question(query, node) : null;
  };
  const someWords = async (query) => {
    if (!query.parts.length) return null;
    for (const node of [allWords(query), ...(query.needed.length > 2 ? [allButOne(query)] : []), anyWord(query)]) {
      await loadWords(node);
      if (count(visible(node))) return { ...(await question(query, node)), any: true };
    }
    return null;
  };
  const question = async (query, node) => {
    const found = visible(node), numbers = listed(found);
    const asked = { query, node, found, few: null, any: false, shownFor: "" };
    await files(["f"]);
    if (numbers.length > G.limits.few) return asked;
    await loadAbout(numbers);
    if (query.needed.length * held.i.last > G.limits.compared) return { ...asked, few: new Map(numbers.map((one) => [one, 0])) };
    const average = held.i.words / held.i.records;
    const ranks = numbers.map((one) => [one, weigh(node, one, 1.2 * (0.25 + (0.75 * about(one).size) / average))]);
    return { ...asked, few: new Map(ranks.sort((one, other) => other[1] - one[1] || one[0] - other[0])) };
  };

  // -- near_words.py
  const spelled = async (name, first) => {
    if (onePage) return onePage.spelled(name, first);
    const all = starts(name), found = [];
    for (let at = place(name, first); at < all.length && (order(all[at], first) <= 0 || all[at].startsWith(first)); at++) {
      const entries = (await file(name + at)).split(" ");
      for (let one = 0; one < entries.length; one += 2) {
        const [letters, written] = entries[one].split("|");
        const sought = name === "v" ? letters : back(letters);
        if (sought.startsWith(first)) found.push({ plain: letters, word: written || letters, n: decode(entries[one + 1])[0] });
      }
    }
    return found;
  };
  const back = (text) => [...text].reverse().join("");
  const beginnings = async (begins) => {
    const often = new Map();
    for (const one of await spelled("v", begins)) often.set(one.plain, (often.get(one.plain) || 0) + one.n);
    return [...often].sort((a, b) => b[1] - a[1] || order(a[0], b[0])).slice(0, G.limits.beginnings).map((one) => one[0]);
  };
  const real = memo(() => {
    const usual = held.x.split(" ");
    return { words: new Set(usual), keys: new Set(usual.filter((one) => /^[\0-\x7f]*$/.test(one)).map((one) => key(one, "en"))) };
  });
  const isReal = async (letters) => {
    await file("x");
    return real().words.has(letters) || real().keys.has(key(letters, "en"));
  };
  const near = async (letters, most) => {
    const length = [...letters].length;
    const allowed = length < G.limits.short || /\p{N}/u.test(letters) ? 0 : length >= G.limits.long ? 2 : 1;
    if (!allowed || (await isReal(letters))) return [];
    const same = Math.max(2, Math.floor(length / 4)), signs = [...letters], found = new Map();
    for (const [name, first] of [["v", signs.slice(0, same)], ["b", signs.slice(-same).reverse()]]) {
      const alike = (await spelled(name, first.join(""))).filter((one) => Math.abs([...one.plain].length - length) <= 2 * allowed);
      for (const one of alike.slice(0, G.limits.alike)) {
        const mine = new Set(letters), theirs = new Set(one.plain);
        const differ = [...mine].filter((sign) => !theirs.has(sign)).length + [...theirs].filter((sign) => !mine.has(sign)).length;
        if (one.plain === letters || differ > 2 * allowed) continue;
        const rank = [apart(letters, one.plain), [...one.plain][0] !== signs[0] ? 1 : 0, -one.n, one.word];
        const known = found.get(one.plain);
        if (rank[0] <= allowed && (!known || sooner(rank, known) < 0)) found.set(one.plain, rank);
      }
    }
    return [...found.values()].sort(sooner).slice(0, most).map((rank) => rank[3]);
  };
  const sooner = (one, other) => one[0] - other[0] || one[1] - other[1] || one[2] - other[2] || order(one[3], other[3]);
  const squeeze = (text) => [...text].filter((sign, at, all) => sign !== all[at - 1]).join("");
  const apart = (one, other) => Math.min(slips(one, other), slips(squeeze(one), squeeze(other)) + 0.5);
  const slips = (one, other) => {
    const a = [...one], b = [...other];
    let before = [], last = b.map((_, at) => at).concat(b.length);
    a.forEach((sign, i) => {
      const now = [i + 1];
      b.forEach((letter, j) => {
        const cost = sign === letter ? 0 : 1;
        now.push(Math.min(last[j + 1] + 1, now[j] + 1, last[j] + cost));
        if (i && j && sign === b[j - 1] && a[i - 1] === letter) now[j + 1] = Math.min(now[j + 1], before[j - 1] + 1);
      });
      before = last;
      last = now;
    });
    return last[b.length];
  };
  const often = async (letters) => (await spelled("v", letters)).reduce((sum, one) => sum + (one.plain === letters ? one.n : 0), 0);
  const split = async (letters) => {
    if (await isReal(letters)) return "";
    const signs = [...letters];
    let best = [G.limits.rare, ""];
    for (let at = 3; at < signs.length - 2; at++) {
      const halves = [signs.slice(0, at).join(""), signs.slice(at).join("")];
      const first = await often(halves[0]);
      const n = first > G.limits.rare ? Math.min(first, await often(halves[1])) : 0;
      const both = halves.join(" ");
      if (n > G.limits.rare && (n > best[0] || (n === best[0] && order(both, best[1]) > 0))) best = [n, both];
    }
    return best[1];
  };
  const corrected = async (typed, unknown) => {
    let found = typed;
    for (const part of [...unknown].reverse()) {
      const other = part.quoted ? "" : await better(part);
      if (other) found = found.slice(0, part.start) + other + found.slice(part.end);
    }
    return found === typed ? "" : found;
  };
  const better = async (part) => {
    const found = word(part) && ((await near(word(part), 1))[0] || (await split(word(part))));
    if (found) return found;
    const single = [];
    for (const one of part.words) single.push((await near(one, 1))[0] || one);
    return single.join("\n") === part.words.join("\n") ? "" : single.join(" ");
  };

  // -- ranking.py and search.py
  const exactly = async (text) => {
    if (onePage) return onePage.exactly(text);
    const found = held.i.starts.e && (await file(`e${place("e", text)}`));
    return new Set(found && Object.hasOwnProperty.call(found, text) ? rising(found[text]) : []);
  };
  const valued = memo((name) => onePage ? onePage.valued(name) : new Map(held.f[name].values.map((one) => [one[0], rising(one[one.length - 1])])));
  const typeAt = memo(() => {
    const found = [];
    for (const [name, numbers] of valued("type")) for (const number of numbers) found[number] = name;
    return found;
  });
  const title = (number) => onePage ? onePage.row(number)[1] : held[`t${Math.floor(number / G.size.titles)}`][number % G.size.titles];
  // Joined words that a title may hold although it has not every part as it was typed: sub group, subgroup
  const otherwise = async (query) => {
    const all = query.parts.flatMap((part) => part.words), text = all.join(""), tokens = new Set();
    let start = 0;
    for (const one of all) {
      for (let end = start + 1; end <= Math.min(text.length, start + G.limits.letters); end++)
        if (end - start !== one.length)
          for (const token of keys(text.slice(start, end)))
            if (end - start > 2 || held[`w${place("w", token)}`]) tokens.add(token);
      start += one.length;
    }
    await files([...tokens].map((token) => `w${place("w", token)}`));
    return [...tokens].filter((token) => postings(token).numbers.length);
  };
  const inTitle = (token, number) => stands(token).columns[number] & 1;
  const asTyped = (query, number) => {
    const words = runs(title(number)).flatMap(parts), sought = whole(query), text = words.join("");
    const edges = new Set([0]);
    let edge = 0, at = text.indexOf(sought);
    for (const one of words) edges.add((edge += one.length));
    while (at >= 0 && !(edges.has(at) && edges.has(at + sought.length))) at = text.indexOf(sought, at + 1);
    return (at < 0 ? 0 : at ? G.boost.holds : G.boost.begins) * (query.parts.length === 1 ? 0.5 : 1);
  };
  const bestFirst = async (query, ranks, titled, wanted) => {
    const first = [...ranks.entries()].filter(([number], at) => at < G.limits.looked || titled.has(number));
    const top = Math.max(...first.map((one) => one[1])) || 1, typed = exact(whole(query));
    const [same, before, others] = [await exactly(typed), await exactly(":" + typed), await otherwise(query)];
    await loadAbout(first.map((one) => one[0]));
    await files(query.parts.flatMap((part) => [...partKeys(part)]).map((token) => `w${place("w", token)}`));
    const needed = query.needed.map((part) => [...partKeys(part)]), every = query.parts.map((part) => [...partKeys(part)]);
    const looked = first.map(([number, rank]) => {
      const known = same.has(number) ? G.boost.exact : before.has(number) ? G.boost.heading : 0;
      const has = (some) => some.some((token) => inTitle(token, number));
      const here = needed.filter(has).length, share = here / needed.length;
      const explains = (G.boost.explains[typeAt()[number]] || 0) * share;
      const score = rank / top + G.boost.share * share + G.boost.covers * Math.min(1, here / about(number).length) + explains;
      return { number, score: score + known, may: !known && (every.every(has) || has(others)) };
    });
    // Titles are read only of those that may come among the wanted ones
    const least = looked.map((one) => one.score).sort((a, b) => b - a)[wanted - 1] || -Infinity;
    const open = looked.filter((one) => one.may && one.score + G.boost.begins > least - 1e-6);
    await files(open.map((one) => `t${Math.floor(one.number / G.size.titles)}`));
    for (const one of open) one.score += asTyped(query, one.number);
    for (const one of looked) one.score = Math.round(one.score * 1e6);
    looked.sort((one, other) => other.score - one.score);
    // Equally good: the newest first, then by title
    const alike = looked.filter((one, at) => [looked[at - 1], looked[at + 1]].some((other) => other && other.score === one.score));
    await loadAbout(alike.map((one) => one.number), "q");
    looked.sort((one, other) => other.score - one.score || placeOf(one.number) - placeOf(other.number));
    const ahead = new Set(looked.map((one) => one.number));
    return [...ahead, ...[...ranks.keys()].filter((number) => !ahead.has(number))];
  };
  const newest = (found, most) => listed(found).reverse().slice(0, most);
  const ordered = async (asked, within, wanted) => {
    const { query, node, few } = asked, looked = G.limits.looked;
    if (few) {
      const ranks = new Map([...few].filter(([number]) => within[number]));
      const titled = ranks.size > looked ? newest(both(visible(node, 1), within), looked) : [];
      return bestFirst(query, ranks, new Set(titled), wanted);
    }
    const everything = both(asked.found, within), found = new Set();
    const heads = [1, 3, 7].map((columns) => both(visible(node, columns), within));
    const same = both(everything, bits(await exactly(exact(whole(query)))));
    for (const one of [same, ...heads, everything])
      if (found.size < wanted) {
        const first = newest(one, Math.max(looked, wanted));
        const ranks = new Map(first.slice(0, looked).map((number) => [number, 0]));
        for (const number of [...(await bestFirst(query, ranks, new Set(), wanted)), ...first.slice(looked)]) found.add(number);
      }
    return [...found];
  };
  const FILTERS = { type: "type", topics: "topic", languages: "language", kind: "kind" };
  const under = memo((name, value) => bits(valued(name).get(value) || []));
  const within = (chosen, but) =>
    Object.keys(FILTERS).filter((name) => chosen[name] && name !== but)
      .reduce((found, name) => both(found, under(name, chosen[name])), new Uint8Array(ALL).fill(1));
  const most = (one, other) => other[1] - one[1] || order(one[0], other[0]);
  const among = (numbers, found) => {
    let sum = 0;
    for (const number of numbers) sum += found[number];
    return sum;
  };
  const counted = (name, found) =>
    [...valued(name)].map(([value, numbers]) => [value, among(numbers, found)]).filter((one) => one[1]).sort(most);
  const pageOf = async (asked, chosen, limit, offset) => {
    if (!asked) return { total: 0, types: [], numbers: [] };
    const types = counted("type", both(asked.found, within(chosen, "type")));
    const total = types.reduce((sum, one) => sum + (!chosen.type || chosen.type === one[0] ? one[1] : 0), 0);
    const all = limit && total > offset ? await ordered(asked, within(chosen), offset + limit) : [];
    return { total, types, numbers: all.slice(offset, offset + limit) };
  };
  const options = (asked, chosen, name) => {
    const found = both(asked.found, within(chosen, name));
    if (asked.few) return counted(name, found).filter((one) => one[0] !== "-");
    const usual = counted(name, new Uint8Array(ALL).fill(1)).filter((one) => one[0] !== "-").slice(0, G.limits.options);
    return usual.filter((one) => among(valued(name).get(one[0]), found)).map((one) => [one[0], null]);
  };
  const numbersFor = async (typed, kind) => {
    const query = parse(typed);
    if (!query.parts.length) return null;
    const asked = await wholeOrBegun(query);
    if (!asked) return [];
    return (await ordered(asked, under("type", kind), Infinity)).filter((number) => under("type", kind)[number]);
  };

  // -- excerpts.py
  const filed = memo((run, language) => {
    const found = parts(run), all = [...found, joined(found)].filter(Boolean).map((one) => key(one, language));
    return { keys: all, alone: found.length === 1 ? found[0] : "" };
  });
  const sought = (all, language, wanted) => {
    const found = new Map();
    const add = (at, some) => some.length && found.set(at, [...new Set([...(found.get(at) || []), ...some])]);
    all.forEach((run, at) => {
      const one = filed(run, language), next = at + 1 < all.length && one.alone ? filed(all[at + 1], language).alone : "";
      add(at, one.keys.filter((token) => wanted.has(token)));
      if (next && isPair(one.alone, next) && wanted.has(key(one.alone + next, language)))
        for (const side of [at, at + 1]) add(side, [key(one.alone + next, language)]);
    });
    return new Map([...found].sort((one, other) => one[0] - other[0]));
  };
  const spans = (text) => [...text.matchAll(RUN)].map((run) => [run.index, run.index + run[0].length]);
  // Texts and <mark>s by turns
  const pieces = (text, places, found, start, end) => {
    const shown = [];
    let at = start;
    for (const one of found.keys()) {
      const [first, last] = places[one];
      if (first < at || last > end) continue;
      shown.push(text.slice(at, first), h("mark", {}, text.slice(first, last)));
      at = last;
    }
    return [...shown, text.slice(at, end)];
  };
  const marked = (text, language, wanted) => {
    const places = spans(text);
    return pieces(text, places, sought(runs(text), language, wanted), 0, text.length);
  };
  const excerpt = (text, language, wanted) => {
    const all = runs(text), found = sought(all, language, wanted), { window: width, before, excerpt: longest } = G.limits;
    if (!found.size) return null;
    const at = [...found.keys()];
    const told = at.map((first, one) =>
      new Set(at.slice(one, one + width - before).filter((other) => other < first + width - before).flatMap((other) => found.get(other))).size);
    const first = Math.max(0, Math.min(at[told.indexOf(Math.max(...told))] - before, all.length - width));
    const places = spans(text).slice(0, first + width), start = first ? places[first][0] : 0;
    const final = places[places.length - 1][1], end = Math.min(final, places[first][0] + longest);
    const last = places.length === all.length && end === final;
    const shown = new Map([...found].filter(([one]) => one >= first && one < places.length));
    const stop = last && text.length - end < 10 ? text.length : end;
    return [start ? "… " : "", ...pieces(text, places, shown, start, stop), last ? "" : " …"];
  };

  // A record as files have it
  const row = async (number) => onePage ? onePage.row(number) : (await file(`r${Math.floor(number / G.size.shown)}`))[number % G.size.shown];
  const shown = (record, wanted) => {
    const [, name, summary, language, , text, others] = record, of = languageOf(language);
    const lines = [marked(summary, of, wanted)];
    const found = lines[0].length > 1 ? lines[0] : excerpt(text, of, wanted) || excerpt(others, of, wanted) || lines[0];
    return { title: marked(name, of, wanted), excerpt: found };
  };
  const plainWords = (typed) => [...new Set(parse(typed).needed.flatMap((part) => (word(part) ? [word(part)] : part.words)))];
  window.copSearch = {
    ready, file, files, held, h, memo, order, runs, plain, parts, key, joined, isPair, exact, languageOf, understand, pageOf, options, numbersFor, row, shown, plainWords, near,
    typeAt, among, rising, decode, bits, both, count, listed, seen, today, FILTERS, limits: () => G.limits, all: () => ALL,
  };
})();
