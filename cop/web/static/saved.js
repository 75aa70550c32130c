// A copy of the collection in this browser: how it is fetched, checked and kept, and what waits to be sent.
// The page where one saves it and the worker that shows it both begin with this. See docs/decisions/saved-copies.md.
"use strict";
const cop = (() => {
  const here = (self.document && document.currentScript && document.currentScript.src) || self.location.href;
  const root = new URL(self.document ? "../" : "./", here).href; // the first page of the site
  const NEEDS = 8; // a copy takes about that many times its packed size
  const WAIT_MS = 20000; // for an answer to what is sent

  class Wrong extends Error {} // its message is the name of one of the words

  // -- the database of this browser

  const promised = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  let opened;
  const database = () =>
    (opened ??= new Promise((resolve, reject) => {
      const request = indexedDB.open("cop " + root, 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore("meta");
        request.result.createObjectStore("articles", { keyPath: "key" });
        request.result.createObjectStore("files");
        request.result.createObjectStore("outbox", { keyPath: "name" });
      };
      request.onsuccess = () => {
        request.result.onversionchange = () => request.result.close();
        request.result.onclose = () => (opened = undefined);
        resolve(request.result);
      };
      request.onerror = () => {
        opened = undefined;
        reject(request.error);
      };
    }));
  const get = async (store, key) => promised((await database()).transaction(store).objectStore(store).get(key));
  const getAll = async (store) => promised((await database()).transaction(store).objectStore(store).getAll());
  // One transaction: all of it is kept or nothing
  const change = async (stores, what) => {
    const one = (await database()).transaction(stores, "readwrite");
    const done = new Promise((resolve, reject) => {
      one.oncomplete = resolve;
      one.onabort = one.onerror = () => reject(one.error ?? new DOMException("", "QuotaExceededError"));
    });
    what((name) => one.objectStore(name));
    await done;
  };
  const each = async (what) => {
    const store = (await database()).transaction("articles").objectStore("articles");
    await new Promise((resolve, reject) => {
      const request = store.openCursor();
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        if (!request.result) return resolve();
        what(request.result.value);
        request.result.continue();
      };
    });
  };

  // -- sums, as in rows.py

  const TABLE = Uint32Array.from({ length: 256 }, (_, one) => {
    for (let bit = 0; bit < 8; bit++) one = one & 1 ? 0xedb88320 ^ (one >>> 1) : one >>> 1;
    return one;
  });
  const utf8 = new TextEncoder();
  const crc = (text) => {
    let sum = ~0;
    for (const byte of utf8.encode(text)) sum = TABLE[(sum ^ byte) & 255] ^ (sum >>> 8);
    return ~sum >>> 0;
  };
  const entry = ([key, section, sort, html]) => ({
    key, section, sort, html, mark: crc(key), check: crc([key, section, sort, html].join("\n")),
  });
  const total = (all) => {
    let sum = 0;
    for (const one of all) sum = (sum + one.check) % 4294967296;
    return sum;
  };

  // -- fetching

  const asked = async (address) => {
    let answer;
    try {
      answer = await fetch(new URL(address, root), { cache: "no-cache", credentials: "same-origin" });
    } catch {
      throw new Wrong("no-network");
    }
    if (answer.status >= 500) throw new Wrong("no-network");
    return answer;
  };
  const json = async (address) => {
    const answer = await asked(address);
    try {
      if (answer.ok) return await answer.json();
    } catch {
      // a page where the network wants people to sign in says "all is well", too
    }
    throw new Wrong("not-ours");
  };
  const list = async (pack) => {
    const told = await json(`offline/copy/${pack}/now.json`);
    if (told.format !== 1) throw new Wrong("not-ours");
    return told;
  };
  const segment = async (pack, name) => {
    const answer = await asked(`offline/copy/${pack}/${name}.gz`);
    if (answer.status === 404) throw new Wrong("gone");
    let data;
    try {
      data = await answer.arrayBuffer();
    } catch {
      throw new Wrong("no-network"); // the line was cut
    }
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
    if ([...hash].map((one) => one.toString(16).padStart(2, "0")).join("") !== name) {
      throw new Wrong((answer.headers.get("content-type") ?? "").includes("html") ? "not-ours" : "damaged");
    }
    const text = new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(text).text());
  };

  // The entry after an edit, as in edits.py
  const edited = async ([key, section, sort, parts, before, after], old) => {
    const html = old && old.check === before ? (old.html ?? (await get("articles", key)).html) : undefined;
    if (html === undefined) throw new Wrong("stale");
    const made = entry([key, section, sort, parts.map((one) => (typeof one === "string" ? one : html.substr(...one))).join("")]);
    if (made.check !== after) throw new Wrong("stale");
    return made;
  };

  // What must be fetched to come from what is here to what is listed: as in listed.py
  const plan = (told, copy, held) => {
    const knows = copy && copy.line === told.line;
    if (knows && copy.version === told.version && copy.check === told.check) return { base: [], steps: [] };
    if (knows && told.steps.length && told.steps[0][0] <= copy.version && copy.version < told.version) {
      return { base: [], steps: told.steps.filter((one) => one[1] > copy.version) };
    }
    const parts = told.base.map(() => []);
    for (const one of held.values()) parts[one.mark % parts.length].push(one);
    const base = told.base
      .map(([name, size, check], at) => ({ name, size, at, same: parts[at].length > 0 && total(parts[at]) === check }))
      .filter((one) => !one.same);
    return { base, steps: told.steps.filter((one) => one[1] > told.base_version) };
  };
  // Of two files of a step, the second has edits only: for who has the version before
  const weight = ({ base, steps, whole }) =>
    base.reduce((sum, one) => sum + one.size, 0) + steps.reduce((sum, one) => sum + (whole ? one[3] : one.at(-1)), 0);

  const marks = async () => {
    const held = new Map();
    await each(({ key, mark, check }) => held.set(key, { key, mark, check }));
    return held;
  };

  // How much it would cost to have this pack now
  const measure = async (pack) => {
    const [told, copy, held] = [await list(pack), await get("meta", "copy"), await marks()];
    return { told, bytes: weight(plan(told, copy && copy.pack === pack ? copy : undefined, held)) };
  };

  const fetched = async (pack, told, steps, held, progress) => {
    const now = new Map(held); // what the copy will hold: new entries whole, others as they are known
    const all = weight(steps);
    let done = 0;
    for (const { name, size, at } of steps.base) {
      const rows = await segment(pack, name);
      for (const one of [...now.values()]) if (one.mark % told.base.length === at) now.delete(one.key);
      for (const row of rows) now.set(row[0], entry(row));
      progress((done += size), all);
    }
    for (const [, , ...files] of steps.steps) {
      const [name, size] = steps.whole ? files : files.slice(-2);
      const rows = await segment(pack, name);
      const gone = new Set(rows.filter((row) => typeof row === "number"));
      if (gone.size) for (const one of [...now.values()]) if (gone.has(one.mark)) now.delete(one.key);
      for (const row of rows) {
        if (typeof row !== "number") now.set(row[0], row.length > 4 ? await edited(row, now.get(row[0])) : entry(row));
      }
      progress((done += size), all);
    }
    return now;
  };

  // Which pages and files stand around the entries, and what the pages say
  const surroundings = async (address) => {
    const frame = await json(address);
    if (!frame.shell || !frame.words) throw new Wrong("not-ours");
    const files = new Map();
    const prefix = frame.language ? frame.language + "/" : "";
    for (const path of [...frame.keep.map((one) => prefix + one.slice(1)), ...frame.files.map((one) => one.slice(1))]) {
      const answer = await asked(path);
      if (!answer.ok || answer.redirected) throw new Wrong("not-ours");
      const [type, policy] = ["content-type", "content-security-policy"].map((one) => answer.headers.get(one) ?? "");
      files.set(path, { type, policy, body: await answer.text() });
    }
    return { frame, files };
  };

  // Save or update; what was there before stays until all of the new is there. Raises Wrong.
  const save = async (pack, address, progress, again = 2) => {
    const [told, copy, held] = [await list(pack), await get("meta", "copy"), await marks()];
    const steps = { ...plan(told, copy && copy.pack === pack ? copy : undefined, held), whole: again < 2 };
    await room(weight(steps));
    const once_more = async () => {
      if (!again) throw new Wrong("damaged");
      if (copy) await change(["meta"], (store) => store("meta").put({ ...copy, line: "" }, "copy")); // compare all parts
      return save(pack, address, progress, again - 1);
    };
    let now;
    try {
      now = await fetched(pack, told, steps, held, progress);
    } catch (error) {
      if (["gone", "stale"].includes(error.message)) return once_more(); // there is a newer list, or none of what we have fits
      throw error;
    }
    if (total(now.values()) !== told.check) return once_more();
    const around = !copy || copy.frame !== told.about.frame || copy.address !== address ? await surroundings(address) : undefined;
    progress(1, 1);
    const { line, version, day, count, check } = told;
    const made = { pack, line, version, day, count, check, of: told.of, bytes: told.bytes, frame: told.about.frame, address };
    await change(["meta", "articles", "files"], (store) => {
      for (const key of held.keys()) if (!now.has(key)) store("articles").delete(key);
      for (const one of now.values()) if ("html" in one) store("articles").put(one);
      store("meta").put(made, "copy");
      if (!around) return;
      store("meta").put(around.frame, "frame");
      store("files").clear();
      for (const [path, one] of around.files) store("files").put(one, path);
    });
    return made;
  };

  const room = async (bytes) => {
    if (!navigator.storage || !navigator.storage.estimate) return;
    const { quota, usage } = await navigator.storage.estimate();
    if (quota - usage < bytes * NEEDS) throw new Wrong("full");
  };

  const remove = () =>
    change(["meta", "articles", "files"], (store) => ["meta", "articles", "files"].forEach((name) => store(name).clear()));

  // -- what waits to be sent: kept before it is sent for the first time, and let go once the site has answered

  const locked = (what) => (navigator.locks ? navigator.locks.request("cop outbox " + root, what) : what());
  const named = () => [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("");

  // What somebody sends in a form. The same again, such as after mending nothing, keeps its name.
  const keep = async (path, body) => {
    const known = (await getAll("outbox")).find((one) => one.path === path && one.body === body && one.state !== "sent");
    const item = { ...(known ?? { name: named(), path, body, title: title(body), when: Date.now() }), state: "waits" };
    await change(["outbox"], (store) => store("outbox").put(item));
    return item;
  };

  // "sent" with where it is now; "asks" with a page of the site; "waits" if it is not known whether it arrived
  const deliver = async (item) => {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), WAIT_MS);
    try {
      const answer = await fetch(new URL(item.path, root), {
        method: "POST",
        body: item.body,
        headers: { "Content-Type": "application/x-www-form-urlencoded", "Cop-Sending": item.name },
        credentials: "same-origin",
        signal: stop.signal,
      });
      const to = new URL(answer.url);
      if (answer.ok && answer.redirected && to.href.startsWith(root) && /\/add\/sent\/[\w-]{22}$/.test(to.pathname)) {
        return { state: "sent", address: to.href };
      }
      // pages of others, such as where the network wants people to sign in, do not know its name
      return answer.headers.get("cop-sending") === item.name ? { state: "asks", answer } : { state: "waits" };
    } catch {
      return { state: "waits" };
    } finally {
      clearTimeout(timer);
    }
  };

  const settle = async (item, told) => {
    await change(["outbox"], (store) => {
      if (told.state === "sent") store("outbox").put({ ...item, body: "", state: "sent", address: told.address, when: Date.now() });
      if (told.state === "asks" && told.answer.status === 422) store("outbox").put({ ...item, state: "mend" });
    });
  };

  // Send all that waits, one after the other. Gives how many wait still.
  const flush = () =>
    locked(async () => {
      for (const item of (await getAll("outbox")).sort((one, other) => one.when - other.when)) {
        if (item.state !== "waits") continue;
        const told = await deliver(item);
        await settle(item, told);
        if (told.state === "waits" || (told.state === "asks" && told.answer.status !== 422)) break; // try again later
      }
      return (await getAll("outbox")).filter((one) => one.state === "waits").length;
    });

  const forget = (name) => change(["outbox"], (store) => store("outbox").delete(name));
  const title = (body) => new URLSearchParams(body).get("title") ?? "";

  // -- saying it

  const filled = (text, values) => text.replace(/%\((\w+)\)s/g, (all, name) => values[name] ?? all);
  const size = (bytes, lang) => {
    const small = bytes < 1e6;
    const value = small ? Math.max(1, Math.round(bytes / 1000)) : bytes / 1e6;
    const unit = { style: "unit", unit: small ? "kilobyte" : "megabyte", maximumFractionDigits: small ? 0 : 1 };
    return new Intl.NumberFormat(lang, unit).format(value);
  };
  const days = (iso) => Math.floor((Date.now() - Date.parse(iso + "T00:00:00")) / 864e5);
  const ago = (iso, lang) => new Intl.RelativeTimeFormat(lang, { numeric: "auto" }).format(-Math.max(0, days(iso)), "day");
  const day = (when, lang) => new Intl.DateTimeFormat(lang, { dateStyle: "long" }).format(when);
  const date = (iso, lang) => day(Date.parse(iso + "T12:00:00"), lang);

  return {
    root, Wrong, get, getAll, each, change, measure, save, remove, keep, deliver, settle, flush, locked, forget,
    filled, size, days, ago, day, date,
  };
})();
