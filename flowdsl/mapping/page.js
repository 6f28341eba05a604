"use strict";
(() => {
  const { nodes, counts, edges } = JSON.parse(document.getElementById("graph").textContent);
  const byId = (id) => document.getElementById(id);
  const stage = byId("stage"), drawing = byId("drawing"), panel = byId("panel"), search = byId("search"), found = byId("found");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const size = { w: +drawing.getAttribute("width"), h: +drawing.getAttribute("height") };
  const cards = nodes.map((_, index) => byId(`node-${index}`));
  const most = 2.5;
  let view = { x: 0, y: 0, k: 1 }, moving = 0, chosen = -1, hits = [], hit = -1;

  document.documentElement.classList.add("live");

  // What is seen: the drawing around a point, at a scale.
  const show = (next) => {
    view = next;
    const w = stage.clientWidth / view.k, h = stage.clientHeight / view.k;
    drawing.setAttribute("viewBox", `${view.x} ${view.y} ${w} ${h}`);
    byId("level").textContent = `${Math.round(view.k * 100)}%`;
  };
  const least = () => Math.min(1, stage.clientWidth / size.w, stage.clientHeight / size.h) * 0.9;
  const bounded = (k) => Math.min(most, Math.max(least(), k));
  const held = (v) => {
    const w = stage.clientWidth / v.k, h = stage.clientHeight / v.k;
    const x = Math.min(size.w - 60, Math.max(60 - w, v.x)), y = Math.min(size.h - 60, Math.max(60 - h, v.y));
    return { x, y, k: v.k };
  };
  const glide = (next) => {
    cancelAnimationFrame(moving);
    const from = view, to = held(next), began = performance.now();
    if (still.matches || document.hidden) return show(to);
    const step = (now) => {
      const t = Math.min(1, Math.max(0, (now - began) / 220)), e = 1 - (1 - t) ** 3;
      show({ x: from.x + (to.x - from.x) * e, y: from.y + (to.y - from.y) * e, k: from.k + (to.k - from.k) * e });
      if (t < 1) moving = requestAnimationFrame(step);
    };
    moving = requestAnimationFrame(step);
  };
  const move = (next) => { cancelAnimationFrame(moving); show(held(next)); };
  const zoomed = (factor, px = stage.clientWidth / 2, py = stage.clientHeight / 2) => {
    const k = bounded(view.k * factor);
    return { x: view.x + px / view.k - px / k, y: view.y + py / view.k - py / k, k };
  };
  const whole = () => {
    const k = Math.min(1, stage.clientWidth / size.w, stage.clientHeight / size.h);
    return { x: (size.w - stage.clientWidth / k) / 2, y: (size.h - stage.clientHeight / k) / 2, k };
  };
  const boxOf = (card) => {
    const { e, f } = card.transform.baseVal.consolidate().matrix, { width, height } = card.querySelector(".body").getBBox();
    const { e: left, f: top } = drawing.firstElementChild.transform.baseVal.consolidate().matrix;
    return { x: e + left, y: f + top, width, height };
  };
  const centred = (card, k = Math.max(view.k, 0.7)) => {
    const box = boxOf(card), room = stage.clientWidth - (panel.hidden ? 0 : panel.offsetWidth);
    return { x: box.x + box.width / 2 - room / 2 / k, y: box.y + box.height / 2 - stage.clientHeight / 2 / k, k };
  };
  const isSeen = (card) => {
    const box = boxOf(card), room = stage.clientWidth - (panel.hidden ? 0 : panel.offsetWidth);
    return view.k >= 0.35 && box.x >= view.x && box.y >= view.y && box.x + box.width <= view.x + room / view.k
      && box.y + box.height <= view.y + stage.clientHeight / view.k;
  };
  const reveal = (card) => { if (!isSeen(card)) glide(centred(card)); };
  const begin = () => {
    const fitting = whole();
    if (fitting.k >= 0.5 || !cards.length) return show(fitting);
    const k = Math.min(1, Math.max(0.6, stage.clientWidth / size.w)), first = boxOf(cards[0]);
    show({ x: first.x + first.width / 2 - stage.clientWidth / 2 / k, y: first.y - 40, k });
  };

  // Moved by mouse, pen and fingers.
  const pointers = new Map();
  let travelled = 0;
  const spread = () => {
    const [a, b] = [...pointers.values()];
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, d: Math.hypot(a.x - b.x, a.y - b.y) || 1 };
  };
  const at = (event) => { const r = stage.getBoundingClientRect(); return { x: event.clientX - r.left, y: event.clientY - r.top }; };
  stage.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    if (!pointers.size) travelled = 0;
    pointers.set(event.pointerId, at(event));
  });
  stage.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId), now = at(event);
    if (!before) return;
    if (pointers.size === 2) {
      const was = spread();
      pointers.set(event.pointerId, now);
      const is = spread(), next = zoomed(is.d / was.d, is.x, is.y);
      travelled = 99;
      move({ x: next.x - (is.x - was.x) / next.k, y: next.y - (is.y - was.y) / next.k, k: next.k });
      return;
    }
    travelled += Math.hypot(now.x - before.x, now.y - before.y);
    if (travelled < 4) return;
    if (!stage.classList.contains("held")) {
      stage.classList.add("held");
      stage.setPointerCapture(event.pointerId);
    }
    pointers.set(event.pointerId, now);
    move({ x: view.x - (now.x - before.x) / view.k, y: view.y - (now.y - before.y) / view.k, k: view.k });
  });
  const released = (event) => { pointers.delete(event.pointerId); if (!pointers.size) stage.classList.remove("held"); };
  stage.addEventListener("pointerup", released);
  stage.addEventListener("pointercancel", released);
  stage.addEventListener("pointerleave", (event) => { if (!stage.hasPointerCapture(event.pointerId)) released(event); });
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const unit = event.deltaMode ? 30 : 1, { x, y } = at(event);
    if (event.shiftKey) return move({ x: view.x + (event.deltaX || event.deltaY) * unit / view.k, y: view.y, k: view.k });
    move(zoomed(Math.exp(Math.max(-60, Math.min(60, -event.deltaY * unit)) * (event.ctrlKey ? 0.01 : 0.004)), x, y));
  }, { passive: false });
  byId("in").addEventListener("click", () => glide(zoomed(1.3)));
  byId("out").addEventListener("click", () => glide(zoomed(1 / 1.3)));
  byId("level").addEventListener("click", () => glide(whole()));
  addEventListener("resize", () => move(view));

  // What is near to a node.
  const light = (index) => {
    for (const each of drawing.querySelectorAll(".lit")) each.classList.remove("lit");
    drawing.classList.toggle("near", index >= 0);
    if (index < 0) return;
    cards[index].classList.add("lit");
    edges.forEach(([from, to], number) => {
      if (from !== index && to !== index) return;
      const line = byId(`edge-${number}`);
      for (const each of [line, byId(`label-${number}`), cards[from], cards[to]]) each?.classList.add("lit");
      line.parentNode.append(line);
    });
  };
  const relight = () => light(chosen);

  // The details of a node.
  const make = (name, text, more = {}) => Object.assign(document.createElement(name), { textContent: text ?? "" }, more);
  const number = (value) => value.toLocaleString("en");
  const named = (index) => {
    const [, word, title, text] = nodes[index];
    return title || text.split("\n")[0].slice(0, 60) || word;
  };
  const ways = (heading, index, here, there) => {
    const rows = edges.filter((edge) => edge[here] === index);
    if (!rows.length) return [];
    const list = make("ul");
    for (const edge of rows) {
      const button = make("button", "", { type: "button" }), item = make("li");
      button.append(make("span", edge[2] || "→"), make("span", named(edge[there]) + (edge[3] == null ? "" : ` · ${number(edge[3])}`), { className: "to" }));
      button.addEventListener("click", () => choose(edge[there], true));
      item.append(button);
      list.append(item);
    }
    return [make("h3", heading), list];
  };
  const choose = (index, go) => {
    if (chosen >= 0) cards[chosen].classList.remove("chosen");
    chosen = index;
    cards[index].classList.add("chosen");
    const [, word, title, text, where, flow, expects] = nodes[index], [reached, left] = counts[index];
    const list = make("dl");
    const rows = [["Answer", expects], ["Written at", where], ["Flow", flow]];
    if (reached != null) rows.push(["Came here", number(reached)]);
    if (left) rows.push(["Left here", `${number(left)}${reached ? ` (${Math.round(100 * left / reached)}%)` : ""}`]);
    for (const [name, value] of rows) if (value) list.append(make("dt", name), make("dd", value));
    const close = make("button", "×", { className: "close", type: "button", ariaLabel: "Close" });
    const heading = make("h2", title || word, { tabIndex: -1 });
    close.addEventListener("click", leave);
    panel.replaceChildren(make("p", word, { className: "kind" }), heading, close, ...(text ? [make("p", text, { className: "text" })] : []), list,
      ...ways("Leads to", index, 0, 1), ...ways("Comes from", index, 1, 0));
    panel.hidden = false;
    panel.scrollTop = 0;
    light(index);
    heading.focus({ preventScroll: true });
    if (go) glide(centred(cards[index], view.k < 0.5 ? 0.8 : view.k));
    else reveal(cards[index]);
  };
  const leave = () => {
    if (chosen < 0) return;
    const card = cards[chosen];
    card.classList.remove("chosen");
    chosen = -1;
    panel.hidden = true;
    light(-1);
    card.focus({ preventScroll: true });
  };
  cards.forEach((card, index) => {
    card.addEventListener("pointerenter", () => { if (!pointers.size) light(index); });
    card.addEventListener("pointerleave", relight);
    card.addEventListener("focus", () => { if (!card.matches(":focus-visible")) return; light(index); reveal(card); });
    card.addEventListener("blur", relight);
    card.addEventListener("click", () => { if (travelled < 4) choose(index); });
    card.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      choose(index);
    });
  });

  // Search.
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();
  const content = nodes.map(([, , ...texts]) => plain(texts.join("\n")));
  const look = () => {
    const wanted = plain(search.value.trim());
    hits = wanted ? content.flatMap((text, index) => (text.includes(wanted) ? [index] : [])) : [];
    hit = -1;
    drawing.classList.toggle("searching", !!wanted);
    cards.forEach((card, index) => card.classList.toggle("hit", hits.includes(index)));
    found.textContent = wanted ? (hits.length ? `${number(hits.length)} found` : "Nothing found") : "";
    if (hits.length) reveal(cards[hits[0]]);
  };
  search.addEventListener("input", look);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && hits.length) {
      hit = (hit + (event.shiftKey ? hits.length - 1 : 1) + (hit < 0 && event.shiftKey ? 1 : 0)) % hits.length;
      found.textContent = `${hit + 1} of ${number(hits.length)}`;
      glide(centred(cards[hits[hit]]));
    } else if (event.key === "Escape") {
      search.value = "";
      look();
      stage.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });

  // Keys.
  const keys = {
    ArrowLeft: () => glide({ ...view, x: view.x - 90 / view.k }), ArrowRight: () => glide({ ...view, x: view.x + 90 / view.k }),
    ArrowUp: () => glide({ ...view, y: view.y - 90 / view.k }), ArrowDown: () => glide({ ...view, y: view.y + 90 / view.k }),
    "+": () => glide(zoomed(1.3)), "=": () => glide(zoomed(1.3)), "-": () => glide(zoomed(1 / 1.3)), 0: () => glide(whole()),
  };
  stage.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") leave();
    else if (event.key === "/" && event.target !== search && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  });
  // The browser scrolls what is hidden into view when it is focused; the map does that itself.
  stage.addEventListener("scroll", () => { stage.scrollTop = stage.scrollLeft = 0; });
  begin();
  // The legend is open where it covers nothing.
  const signs = document.querySelector(".key-to-signs");
  const covers = (card) => {
    const a = card.getBoundingClientRect(), b = signs.getBoundingClientRect();
    return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  };
  if (signs) signs.open = whole().k >= 0.5 && !cards.some(covers);
})();
