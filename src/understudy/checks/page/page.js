"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector) => document.querySelector(selector);

  // Tables: fold, search, sort.
  const table = one(".tables");
  const bodies = all("tbody[data-name]", table);
  const unfold = (button, open) => {
    button.setAttribute("aria-expanded", open);
    document.getElementById(button.getAttribute("aria-controls")).hidden = !open;
  };
  table.addEventListener("click", (event) => {
    const button = event.target.closest(".fold");
    if (button) unfold(button, button.getAttribute("aria-expanded") !== "true");
  });
  const search = one(".search input");
  const filled = one("#filled");
  const sought = new Map(bodies.map((body) => [body, body.textContent.toLowerCase()]));
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const body of bodies) {
      const fits = words.every((word) => sought.get(body).includes(word));
      body.hidden = !fits || (filled.checked && body.classList.contains("empty"));
      shown += !body.hidden;
    }
    one(".none").hidden = shown > 0;
  };
  search.addEventListener("input", filter);
  filled.addEventListener("change", filter);
  const heads = all("thead th", table).slice(0, 7);
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const numeric = head.classList.contains("n");
    const before = head.getAttribute("aria-sort");
    const down = before === "none" ? numeric : before === "ascending";
    heads.forEach((other) => other.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const value = (body) => {
      const raw = body.rows[0].cells[column].dataset.sort;
      return numeric ? Number(raw) : raw;
    };
    const sorted = [...bodies].sort((a, b) => {
      const left = value(a), right = value(b);
      return (left < right ? -1 : left > right ? 1 : 0) * (down ? -1 : 1);
    });
    table.append(...sorted);
  }));

  // Graph: look closer, move about, choose a table.
  const svg = one("#graph");
  if (!svg) return;
  const nodes = new Map(all(".node", svg).map((node) => [node.dataset.table, node]));
  const edges = all(".edge", svg);
  const whole = svg.viewBox.baseVal;
  const full = { x: whole.x, y: whole.y, width: whole.width, height: whole.height };
  let view = { ...full };
  const draw = () => svg.setAttribute("viewBox", `${view.x} ${view.y} ${view.width} ${view.height}`);
  const scale = () => Math.max(view.width / svg.clientWidth, view.height / svg.clientHeight);
  const zoom = (factor, x = view.x + view.width / 2, y = view.y + view.height / 2) => {
    const width = Math.min(Math.max(view.width * factor, 240), full.width * 2);
    const real = width / view.width;
    view = { x: x - (x - view.x) * real, y: y - (y - view.y) * real, width, height: view.height * real };
    draw();
  };
  const move = (x, y) => { view = { ...view, x: view.x + x, y: view.y + y }; draw(); };
  const fit = () => { view = { ...full }; draw(); };
  const centre = (key, width) => {
    const at = nodes.get(key).transform.baseVal[0].matrix;
    const height = width * svg.clientHeight / svg.clientWidth;
    view = { x: at.e + 94 - width / 2, y: at.f + 24 - height / 2, width, height };
    draw();
  };
  const readable = () => {  // on a narrow screen begin at the table with most keys, where names can be read
    fit();
    const most = 1.35;
    if (svg.clientWidth > 700 || scale() <= most) return;
    const keys = new Map([...nodes.keys()].map((key) => [key, 0]));
    for (const { dataset } of edges) for (const key of [dataset.child, dataset.parent]) keys.set(key, keys.get(key) + 1);
    centre([...keys].sort((a, b) => b[1] - a[1])[0][0], svg.clientWidth * most);
  };
  const place = (event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    return [at.x, at.y];
  };

  const picked = one("#picked");
  const hint = picked.innerHTML;
  let chosen = null;
  const light = (key) => {
    svg.classList.toggle("some", key !== null);
    const near = new Set([key]);
    for (const edge of edges) {
      const touches = edge.dataset.child === key || edge.dataset.parent === key;
      edge.classList.toggle("near", touches);
      if (touches) near.add(edge.dataset.child).add(edge.dataset.parent);
    }
    for (const [other, node] of nodes) node.classList.toggle("near", near.has(other));
  };
  const title = (node) => {
    const [name, ...rest] = node.querySelector("title").textContent.split(": ");
    const line = document.createElement("p");
    const strong = document.createElement("strong");
    strong.textContent = name;
    line.append(strong, " ", rest.join(": "));
    return line;
  };
  const glance = (key) => {  // what the pointer or the focus rests on, until a table is chosen
    if (chosen !== null || held.size) return;
    light(key);
    if (key === null) picked.innerHTML = hint;
    else picked.replaceChildren(title(nodes.get(key)));
  };
  const choose = (key) => {
    if (chosen !== null) nodes.get(chosen).classList.remove("chosen");
    chosen = key === chosen ? null : key;
    light(chosen);
    if (chosen === null) { picked.innerHTML = hint; return; }
    const node = nodes.get(chosen);
    node.classList.add("chosen");
    const list = document.createElement("ul");
    for (const edge of edges) {
      if (edge.dataset.child !== chosen && edge.dataset.parent !== chosen) continue;
      const item = document.createElement("li");
      item.className = edge.classList[1];
      const span = document.createElement("span");
      span.textContent = edge.dataset.text;
      item.append(span);
      list.append(item);
    }
    picked.replaceChildren(title(node), list);
  };
  const find = (key) => {
    centre(key, Math.min(full.width, Math.max(900, svg.clientWidth)));
    if (chosen !== key) choose(key);
    one("#relations").scrollIntoView();
    nodes.get(key).focus({ preventScroll: true });
  };
  table.addEventListener("click", (event) => {
    const button = event.target.closest("[data-find]");
    if (button) find(button.dataset.find);
  });
  for (const [key, node] of nodes) {
    node.setAttribute("tabindex", "0");
    node.addEventListener("pointerenter", () => glance(key));
    node.addEventListener("pointerleave", () => glance(null));
    node.addEventListener("focus", () => glance(key));
    node.addEventListener("blur", () => glance(null));
  }

  // One pointer moves, two pinch; a press that did not move chooses.
  const held = new Map();
  let travelled = 0;
  const spread = () => {
    const [a, b] = [...held.values()];
    return Math.hypot(a.x - b.x, a.y - b.y);
  };
  svg.addEventListener("pointerdown", (event) => {
    held.set(event.pointerId, { x: event.clientX, y: event.clientY });
    travelled = 0;
  });
  svg.addEventListener("pointermove", (event) => {
    const last = held.get(event.pointerId);
    if (!last) return;
    const was = held.size === 2 ? spread() : 0;
    held.set(event.pointerId, { x: event.clientX, y: event.clientY });
    travelled += Math.abs(event.clientX - last.x) + Math.abs(event.clientY - last.y);
    if (travelled > 4) { svg.setPointerCapture(event.pointerId); svg.classList.add("moving"); }
    if (held.size === 2 && spread() > 0) zoom(was / spread(), ...place(event));
    else if (held.size === 1) move((last.x - event.clientX) * scale(), (last.y - event.clientY) * scale());
  });
  const release = (event) => {
    if (!held.delete(event.pointerId)) return;
    svg.classList.remove("moving");
    if (event.type === "pointerup" && travelled <= 4) {
      const node = event.target.closest(".node");
      if (node) choose(node.dataset.table);
      else if (chosen !== null) choose(chosen);
    }
  };
  svg.addEventListener("pointerup", release);
  svg.addEventListener("pointercancel", release);
  svg.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && document.activeElement !== svg && !svg.contains(document.activeElement)) return;
    event.preventDefault();
    zoom(Math.exp(event.deltaY * 0.0016), ...place(event));
  }, { passive: false });
  svg.addEventListener("dblclick", (event) => zoom(0.6, ...place(event)));
  svg.addEventListener("keydown", (event) => {
    const node = event.target.closest(".node");
    const step = view.width / 12;
    const acts = {
      ArrowLeft: () => move(-step, 0), ArrowRight: () => move(step, 0), ArrowUp: () => move(0, -step), ArrowDown: () => move(0, step),
      "+": () => zoom(0.8), "=": () => zoom(0.8), "-": () => zoom(1.25), 0: fit,
      Escape: () => { if (chosen !== null) choose(chosen); },
      Enter: () => { if (node) choose(node.dataset.table); }, " ": () => { if (node) choose(node.dataset.table); },
    };
    if (event.ctrlKey || event.metaKey || event.altKey || !acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  });
  all("[data-zoom]").forEach((button) => button.addEventListener("click", () => {
    const what = button.dataset.zoom;
    if (what === "in") zoom(0.7);
    else if (what === "out") zoom(1.4);
    else if (what === "fit") fit();
    else {
      button.setAttribute("aria-pressed", svg.classList.toggle("tall"));
      fit();
    }
  }));
  readable();
})();
