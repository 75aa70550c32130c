
// The page where one saves a copy, brings it up to date, and sees what waits to be sent.
(() => {
  const at = (id) => document.getElementById(id);
  const save = at("save");
  if (!save) return;
  const lang = save.dataset.lang;
  const words = JSON.parse(save.dataset.words);
  const frame = new URL(save.dataset.frame, location.href).href.slice(cop.root.length);
  const say = (name, values = {}) => cop.filled(words[name], values);
  const number = (count) => count.toLocaleString(lang);
  let busy = false;

  const tell = (name, values) => {
    at("told").hidden = !name;
    at("told").textContent = name ? say(name, values) : "";
  };
  const why = (error) => {
    if (error instanceof cop.Wrong) return error.message;
    return /quota/i.test(`${error?.name} ${error?.message}`) ? "full" : "no-store";
  };

  const cannot = (name) => {
    at("cannot").firstChild.textContent = say(name) + " ";
  };
  if (!window.isSecureContext || !navigator.serviceWorker) return cannot("not-safe");
  if (!window.DecompressionStream || !window.indexedDB || !crypto.subtle) return cannot("too-old");

  // -- the copy that is here

  const show = async () => {
    const copy = await cop.get("meta", "copy");
    at("here").hidden = !copy;
    if (copy) {
      const [day, ago] = [cop.date(copy.day, lang), cop.ago(copy.day, lang)];
      const told = say("yours", { day, ago, count: number(copy.count), size: cop.size(copy.bytes, lang) });
      at("state").textContent = told + (cop.days(copy.day) > 14 ? " " + say("old") : "");
      if (!measured) at("pack").value = copy.pack;
    }
    await outbox();
    return copy;
  };

  let measured = false;
  const measure = async () => {
    const pack = at("pack").value;
    at("size").textContent = say("asking");
    try {
      const { told, bytes } = await cop.measure(pack);
      if (pack !== at("pack").value) return;
      const values = { size: cop.size(bytes, lang), count: number(told.count), of: number(told.of) };
      at("size").textContent = say(bytes ? "size" : "nothing", values);
      measured = true;
    } catch (error) {
      if (pack === at("pack").value) at("size").textContent = say(why(error));
    }
  };

  const progress = (done, all) => {
    at("progress").value = all ? done / all : 1;
    if (done === all) return tell("writing");
    tell("fetching", { done: cop.size(done, lang), all: cop.size(all, lang) });
  };

  const take = async (pack) => {
    if (busy) return;
    busy = true;
    for (const one of ["take", "update", "remove"]) at(one).disabled = true;
    at("bar").hidden = false;
    at("progress").value = 0;
    try {
      await navigator.serviceWorker.register(new URL("copy-worker.js", cop.root), { scope: cop.root, updateViaCache: "none" });
      await cop.save(pack, frame, progress);
      await navigator.serviceWorker.ready;
      navigator.storage?.persist?.().catch(() => {}); // ask the browser not to throw it away
      tell("done");
    } catch (error) {
      tell(why(error));
    } finally {
      busy = false;
      for (const one of ["take", "update", "remove"]) at(one).disabled = false;
      at("bar").hidden = true;
    }
    await show();
    await measure();
  };

  const remove = async () => {
    if (!window.confirm(say("ask-remove"))) return;
    await cop.remove();
    const waits = (await cop.getAll("outbox")).some((one) => one.state !== "sent");
    if (!waits) await (await navigator.serviceWorker.getRegistration(cop.root))?.unregister(); // else it sends that first
    tell("removed");
    await show();
    await measure();
  };

  // -- what waits to be sent

  const element = (name, text = "", more = {}) => Object.assign(document.createElement(name), { textContent: text }, more);
  const outbox = async () => {
    const items = (await cop.getAll("outbox")).sort((one, other) => one.when - other.when);
    at("waiting").hidden = !items.length;
    at("send").hidden = !items.some((one) => one.state === "waits");
    at("outbox").replaceChildren(...items.map(line));
    if (items.length && location.hash === "#waiting") at("waiting").scrollIntoView();
  };
  const line = (item) => {
    const when = cop.day(item.when, lang);
    const said = { sent: () => say("sent", { when }), mend: () => say("mend"), waits: () => say("waits", { when }) }[item.state]();
    const li = element("li");
    li.append(element("bdi", item.title || say("untitled")), ": ", said, " ");
    if (item.state === "sent") li.append(element("a", say("where"), { href: item.address }), " ");
    if (item.state === "mend") li.append(again(item), " ");
    li.append(button(say("forget"), () => drop(item)));
    return li;
  };
  const button = (text, onclick) => element("button", text, { type: "button", className: "quiet", onclick });
  const drop = async (item) => {
    if (item.state !== "sent" && !window.confirm(say("ask-forget"))) return;
    await cop.forget(item.name);
    await outbox();
  };
  // The form once more, with what was typed: the site says what must be mended
  const again = (item) => {
    const form = element("form", "", { method: "post", action: new URL(item.path, cop.root) });
    for (const [name, value] of new URLSearchParams(item.body)) form.append(element("input", "", { type: "hidden", name, value }));
    form.append(element("button", say("look")));
    return form;
  };
  const send = () => navigator.serviceWorker.controller?.postMessage("send");

  at("take").addEventListener("click", (event) => {
    event.preventDefault();
    take(at("pack").value);
  });
  at("pack").addEventListener("change", measure);
  at("update").addEventListener("click", async () => take((await cop.get("meta", "copy"))?.pack ?? at("pack").value));
  at("remove").addEventListener("click", remove);
  at("send").addEventListener("click", send);
  navigator.serviceWorker.addEventListener("message", outbox);
  window.addEventListener("online", send);
  const can = (yes) => {
    at("cannot").hidden = yes;
    at("choose").hidden = !yes;
  };
  can(true); // at once, so that nothing moves while somebody reads
  show()
    .then(() => {
      send();
      return measure();
    })
    .catch(() => {
      can(false);
      cannot("no-store");
    });
})();
