
// Stands between the pages of the site and the network. While the network answers, its pages are shown, never saved ones.
(() => {
  const PATIENCE_MS = 4000; // then the saved copy is shown, if it has the page
  const MOST_FOUND = 100;
  const POLICY =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
  const AWAY = [502, 503, 504]; // a server in between says that it does not reach the site
  const SENT = /^(?:add(?:\/[a-z]+)?|remove)$/;

  self.addEventListener("install", () => self.skipWaiting());
  self.addEventListener("activate", (event) =>
    event.waitUntil(
      (async () => {
        await self.registration.navigationPreload?.enable(); // starting this script must not make pages slower
        await self.clients.claim();
      })(),
    ),
  );

  // -- what was asked for

  const place = (url, frame) => {
    const path = url.href.slice(cop.root.length).replace(/[?#].*/, "");
    const language = frame?.languages.find((code) => path === code || path.startsWith(code + "/"));
    return language ? path.slice(language.length + 1) : path;
  };
  const prefix = (frame) => (frame.language ? frame.language + "/" : "");

  self.addEventListener("fetch", (event) => {
    const { request } = event;
    const url = new URL(request.url);
    if (!url.href.startsWith(cop.root)) return;
    if (request.mode === "navigate" && request.method === "GET") event.respondWith(page(event, url));
    else if (request.mode === "navigate" && request.method === "POST") event.respondWith(taken(event, url));
    else if (request.method === "GET" && url.href.startsWith(cop.root + "static/")) event.respondWith(file(request, url));
  });

  const file = async (request, url) => {
    try {
      return await fetch(request);
    } catch (error) {
      const kept = await cop.get("files", url.href.slice(cop.root.length));
      if (kept) return whole(kept);
      throw error;
    }
  };
  const whole = ({ body, type, policy }) =>
    new Response(body, { headers: { "Content-Type": type, "Content-Security-Policy": policy, "Referrer-Policy": "same-origin" } });

  const page = async (event, url) => {
    const network = (async () => (await event.preloadResponse) ?? fetch(event.request))();
    network.then(() => event.waitUntil(cop.flush().then(tell))).catch(() => {});
    event.waitUntil(network.catch(() => {}));
    let timer;
    const patience = new Promise((resolve) => (timer = setTimeout(resolve, PATIENCE_MS)));
    try {
      const first = await Promise.race([network, patience]);
      if (first && !AWAY.includes(first.status)) return first;
      return (await saved(url, true)) ?? first ?? (await network);
    } catch (error) {
      const kept = await saved(url, false);
      if (kept) return kept;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  };

  // -- pages from the copy

  const escaped = (text) => String(text).replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);
  const say = (frame, name, values = {}) => escaped(cop.filled(frame.words[name], values));
  const lang = (frame) => /<html lang="([^"]+)"/.exec(frame.shell)?.[1] ?? "en";

  // The saved page at an address. If `slow`, nothing rather than a page that says that it is not there.
  const saved = async (url, slow) => {
    const [frame, copy] = [await cop.get("meta", "frame"), await cop.get("meta", "copy")];
    if (!frame || !copy) return undefined;
    const path = place(url, frame);
    const made = await found(path, url, frame);
    if (made instanceof Response) return made;
    if (!made && slow) return undefined;
    return shown(made ?? (await absent(frame)), frame, copy, { slow, there: !!made });
  };

  const found = async (path, url, frame) => {
    const kept = await cop.get("files", prefix(frame) + path);
    if (kept) return path === "add" ? form(kept, frame) : whole(kept);
    if (/^(?:add\/|remove$)/.test(path)) return Response.redirect(`${cop.root}${prefix(frame)}add`, 302);
    if (path === "") return first(frame);
    if (path === "search") return orAll(url, ["q"], await results(url.searchParams.get("q") ?? "", frame), frame);
    if (Object.hasOwn(frame.folders, path)) return orAll(url, ["topic"], await folder(path, topicsAsked(url), frame), frame);
    const article = await cop.get("articles", path);
    if (path.startsWith("topics/")) return topic(path.slice("topics/".length), article, frame);
    return article && alone(article, frame);
  };

  const shown = ({ title, main }, frame, copy, { slow, there }) => {
    const values = { day: cop.date(copy.day, lang(frame)), ago: cop.ago(copy.day, lang(frame)) };
    const parts = {
      title: escaped(title),
      main: (slow ? `<p class="note">${say(frame, "slow")}</p>` : "") + main,
      copy: say(frame, "saved-copy", values),
    };
    const html = rooted(frame.shell, frame).replace(/%(title|main|copy)%/g, (all, name) => parts[name]);
    const headers = { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin" };
    return new Response(html, { status: there ? 200 : 404, headers });
  };

  // A list is not cut into pages here, and no slips are forgiven. What else is asked for needs the server: then say so, and show all.
  const EVERYWHERE = ["page", "exact"];
  const orAll = (url, understood, made, frame) => {
    const known = [...understood, ...EVERYWHERE];
    if (!made || [...url.searchParams].every(([name, value]) => !value || known.includes(name))) return made;
    return { ...made, main: `<p class="note">${say(frame, "not-here-long")} ${say(frame, "try")}</p>${made.main}` };
  };

  const form = (kept, frame) => {
    const note = `<p class="note" role="status">${say(frame, "short-form")}</p>`;
    return whole({ ...kept, body: kept.body.replace(/<main id="main">/, (found) => found + note) });
  };

  const top = new URL(cop.root).pathname;
  const rooted = (html, frame) => html.replaceAll('"~~/', `"${top}`).replaceAll('"~/', `"${top}${prefix(frame)}`);
  const TITLE = /<h3([^>]*)><a href="[^"]*">([^]*?)<\/a><\/h3>/;
  const titled = (article, frame) => {
    const [, attributes, html] = TITLE.exec(article.html) ?? ["", "", say(frame, "untitled")];
    return { attributes, html, text: plain(html) };
  };
  const plain = (html) =>
    html
      .replace(/<[^>]*>/g, " ")
      .replace(/&#(\d+);/g, (all, code) => String.fromCodePoint(code))
      .replace(/&(lt|gt|quot|amp);/g, (all, name) => ({ lt: "<", gt: ">", quot: '"', amp: "&" })[name]);
  // An article stands among others when it is saved; here it is a page of its own
  const linked = (html, frame) =>
    html
      .replace(TITLE, (all, attributes, title) => `<h1${attributes}>${title}</h1>`)
      .replace(/<(\/?)h([4-6])/g, (all, end, level) => `<${end}h${level - 2}`)
      .replaceAll('class="m"', 'class="meta"')
      .replace(/<dl>([^]*?)<\/dl>/g, (all, lines) => `<dl class="rows facts">${lines.split("<dt>").slice(1).map(fact).join("")}</dl>`)
      .replace(/href="#(on\/)?([^"]*)"/g, (all, on, key) => `href="${top}${prefix(frame)}${on ? "topics/" : ""}${key}"`);
  const alone = (article, frame) => ({
    title: titled(article, frame).text,
    main: `<div${frame.own}>${linked(article.html, frame)}</div>`,
  });
  const fact = (line) => {
    const [name, ...said] = line.split("<dd>");
    return `<div><dt>${name}</dt><dd>${said.join("<br>")}</dd></div>`;
  };

  const folderOf = (key) => (key.includes("/") ? key.slice(0, key.indexOf("/")) : "pages");
  const sections = async (frame) => {
    const counts = new Map();
    await cop.each(({ key, section }) => {
      const name = folderOf(key);
      if (Object.hasOwn(frame.folders, name)) counts.set(name, { name, section, count: (counts.get(name)?.count ?? 0) + 1 });
    });
    return [...counts.values()].sort((one, other) => one.section - other.section);
  };
  const menu = async (frame) => {
    const items = (await sections(frame)).map(
      ({ name, count }) => `<li><a href="~/${name}">${escaped(frame.folders[name])}</a> (${count.toLocaleString(lang(frame))})</li>`,
    );
    return rooted(`<ul>${items.join("")}</ul>`, frame);
  };
  const first = async (frame) => ({
    title: frame.words.entries,
    main: `<h1>${say(frame, "entries")}</h1>${await queue(frame)}${box(frame, "")}${await menu(frame)}`,
  });
  const box = (frame, asked) =>
    rooted(`<form class="find" role="search" action="~/search"><label class="vh" for="q">${say(frame, "search")}</label>`, frame) +
    `<input type="search" id="q" name="q" value="${escaped(asked)}"> <button>${say(frame, "search-button")}</button></form>`;
  const queue = async (frame) => {
    const waits = (await cop.getAll("outbox")).filter((one) => one.state !== "sent");
    if (!waits.length) return "";
    const items = waits.map((one) => `<li><bdi>${escaped(one.title || frame.words.untitled)}</bdi></li>`);
    const link = rooted(`<a href="~/offline/save#waiting">${say(frame, "queue")}</a>`, frame);
    return `<div class="note"><p>${link}. ${say(frame, "queue-long")}</p><ul>${items.join("")}</ul></div>`;
  };
  const absent = async (frame) => ({
    title: frame.words["not-here"],
    main: `<h1>${say(frame, "not-here")}</h1><p>${say(frame, "not-here-long")} ${say(frame, "try")}</p>${await menu(frame)}`,
  });

  const lines = (articles, frame) =>
    articles
      .map((one) => ({ ...one, title: titled(one, frame) }))
      .map(({ key, title }) => `<li><a href="${top}${prefix(frame)}${escaped(key)}"${title.attributes || frame.own}>${title.html}</a></li>`)
      .join("");
  const inOrder = (one, other) => one.section - other.section || (one.sort < other.sort ? -1 : one.sort > other.sort ? 1 : 0);
  const gathered = async (fits) => {
    const articles = [];
    await cop.each((one) => fits(one) && articles.push(one));
    return articles.sort(inOrder);
  };
  const folder = async (name, topics, frame) => {
    const inside = await gathered((one) => folderOf(one.key) === name);
    if (!inside.length) return undefined;
    const title = frame.folders[name];
    if (topics.length) return narrowed(name, inside, topics, frame);
    return { title, main: `<h1>${escaped(title)}</h1><ul>${lines(inside, frame)}</ul>` };
  };

  // -- topics: each article says which it is on

  const topicsAsked = (url) => url.searchParams.getAll("topic").filter(Boolean);
  const topicsOf = ({ html }) => /^<article [^>]*? data-t="([^"]*)"/.exec(html)?.[1].split(" ") ?? [];
  const facts = ({ html }) => html.slice(html.lastIndexOf("<dl>"));
  // A smaller topic has a line that leads to the wider one
  const isBelow = (one, slug) =>
    one.key.startsWith("topics/") && [`"#on/${slug}"`, `"#topics/${slug}"`].some((link) => facts(one).includes(link));
  // Also of a topic that nobody has described: then an entry on it knows its name
  const topicName = (slug, article, on, frame) => {
    if (article) return titled(article, frame).text;
    const links = [...(on.length ? facts(on[0]) : "").matchAll(/<a href="#on\/([^"]*)"[^>]*>([^<]*)</g)];
    return plain(links.find(([, name]) => name === slug)?.[2] ?? slug);
  };
  const topic = async (slug, article, frame) => {
    const on = await gathered((one) => topicsOf(one).includes(slug) || isBelow(one, slug));
    if (!article && !on.length) return undefined;
    const title = topicName(slug, article, on, frame);
    const top = article ? alone(article, frame).main : `<h1>${escaped(title)}</h1>`;
    return { title, main: top + byFolder(on, frame) };
  };
  const byFolder = (articles, frame) => {
    const groups = new Map();
    for (const one of articles) {
      const name = folderOf(one.key);
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push(one);
    }
    const shown = ([name, some]) => `<h2>${escaped(frame.folders[name])}</h2><ul>${lines(some, frame)}</ul>`;
    return [...groups].map(shown).join("");
  };
  const narrowed = async (name, inside, topics, frame) => {
    const on = inside.filter((one) => topicsOf(one).some((slug) => topics.includes(slug)));
    const link = (path, text) => `<a href="${top}${prefix(frame)}${escaped(path)}">${escaped(text)}</a>`;
    const names = [];
    for (const slug of topics) {
      const named = on.filter((one) => topicsOf(one).includes(slug));
      names.push([slug, topicName(slug, await cop.get("articles", `topics/${slug}`), named, frame)]);
    }
    const ways = [[name, frame.folders[name]], ...names.map(([slug, text]) => [`topics/${slug}`, text])].map((one) => link(...one));
    const title = `${frame.folders[name]}: ${names.map(([, text]) => text).join(", ")}`;
    const found = `<p role="status">${say(frame, "found", { count: on.length.toLocaleString(lang(frame)) })}</p>`;
    const main = `<p class="crumb small">${ways.join(" · ")}</p><h1>${escaped(title)}</h1>${found}<ul>${lines(on, frame)}</ul>`;
    return { title, main };
  };

  // All words must stand in an entry; those with them in the title come first
  const ALIKE = { ł: "l", ø: "o", đ: "d", ß: "ss", æ: "ae", œ: "oe", ı: "i" }; // Unicode takes these for letters of their own
  const folded = (text) =>
    text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/[łøđßæœı]/g, (one) => ALIKE[one]);
  const results = async (asked, frame) => {
    const words = folded(asked).split(/[^\p{L}\p{N}]+/u).filter(Boolean);
    const top = `<h1>${say(frame, "search")}</h1>${box(frame, asked)}`;
    if (!words.length) return { title: frame.words.search, main: top };
    const articles = [];
    await cop.each((one) => {
      const title = folded(titled(one, frame).text);
      const text = folded(plain(one.html.replace(/data-[tk]="([^"]*)"/g, ">$1<")));
      if (words.every((word) => text.includes(word))) {
        articles.push({ ...one, rank: words.filter((word) => title.includes(word)).length });
      }
    });
    articles.sort((one, other) => other.rank - one.rank || inOrder(one, other));
    const count = articles.length.toLocaleString(lang(frame));
    const said = articles.length ? say(frame, "found", { count }) : say(frame, "found-none");
    const list = lines(articles.slice(0, MOST_FOUND), frame);
    return { title: frame.words.search, main: `${top}<p role="status">${said}</p><ol>${list}</ol>` };
  };

  // -- what is sent

  const taken = async (event, url) => {
    const frame = await cop.get("meta", "frame").catch(() => undefined);
    const { request } = event;
    const [path, type] = [place(url, frame), request.headers.get("content-type") ?? ""];
    // A form on a page of somebody else goes on as it came, so that the site sees where it stood
    const ours = request.referrer.startsWith(cop.root) && type.startsWith("application/x-www-form-urlencoded");
    if (!SENT.test(path) || !ours) return fetch(request);
    const copied = request.clone();
    let item;
    try {
      item = await cop.keep(url.href.slice(cop.root.length), await copied.text());
    } catch {
      return fetch(request); // there is no room to keep it
    }
    return cop.locked(async () => {
      const told = await cop.deliver(item);
      if (told.state === "waits") return waits(frame);
      await cop.forget(item.name);
      tell();
      return told.state === "sent" ? Response.redirect(told.address, 303) : told.answer;
    });
  };

  const waits = async (frame) => {
    await self.registration.sync?.register("outbox").catch(() => {}); // where there is none, the next page sends it
    tell();
    return Response.redirect(`${cop.root}${frame ? prefix(frame) : ""}offline/save#waiting`, 303);
  };

  const tell = async () => {
    for (const client of await self.clients.matchAll({ includeUncontrolled: true })) client.postMessage("outbox");
  };
  self.addEventListener("sync", (event) => {
    if (event.tag === "outbox") event.waitUntil(sent());
  });
  self.addEventListener("message", (event) => {
    if (event.data === "send") event.waitUntil(sent());
  });
  const sent = async () => {
    const left = await cop.flush();
    await tell();
    if (left) throw new Error("Some of it waits still"); // so that the browser tries again
  };
})();
