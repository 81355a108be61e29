/* global document, window, CSS */
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const svg = document.querySelector("svg");
  const canvas = document.getElementById("canvas");
  const panel = document.getElementById("details");
  const search = document.getElementById("search");
  const found = document.getElementById("found");
  const nodes = [...document.querySelectorAll(".node")];
  const hint = panel.innerHTML;

  const element = (tag, text, className) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  };

  // Everything a plan says is put in as text, never as markup.
  const describe = (resource) => {
    const parts = [element("h3", resource.name)];
    const list = element("dl");
    const fields = [
      ["Type", resource.type],
      ["Declared in", resource.declared],
      ["Protected", resource.protect && "yes"],
      ["Cost", resource.cost],
      ["URN", resource.urn],
    ];
    for (const [name, value] of fields) {
      if (value) list.append(element("dt", name), element("dd", value));
    }
    const inputs = element("pre", JSON.stringify(resource.inputs, null, 2));
    inputs.tabIndex = 0;
    parts.push(list, inputs);
    return parts;
  };

  const choose = (node) => {
    for (const other of document.querySelectorAll(".chosen, .of-chosen")) other.classList.remove("chosen", "of-chosen");
    if (!node) {
      panel.innerHTML = hint;
      return;
    }
    const id = node.dataset.id;
    const shown = data[id];
    node.classList.add("chosen");
    const quoted = CSS.escape(id);
    for (const edge of document.querySelectorAll(`[data-from="${quoted}"], [data-to="${quoted}"]`)) {
      edge.classList.add("of-chosen");
    }
    panel.replaceChildren(
      element("h2", shown.label),
      element("p", [shown.kind, shown.monthly].filter(Boolean).join(", ")),
    );
    for (const violation of shown.violations) {
      const box = element("div", undefined, "violation");
      box.append(element("strong", `${violation.policy} (${violation.level})`), element("p", violation.message));
      panel.append(box);
    }
    for (const resource of shown.resources) panel.append(...describe(resource));
    if (shown.others.length > 0) panel.append(element("h3", "Others"), element("p", shown.others.join(", ")));
    panel.scrollTop = 0;
  };

  const centre = (node) => {
    const box = node.getBoundingClientRect();
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  };
  const visible = (node) => node.getBoundingClientRect().width > 0;

  /** The nearest node in a direction; straight ahead counts for more than aside. */
  const neighbour = (node, dx, dy) => {
    const from = centre(node);
    let best;
    let least = Infinity;
    for (const other of nodes) {
      if (other === node || !visible(other)) continue;
      const to = centre(other);
      const ahead = (to.x - from.x) * dx + (to.y - from.y) * dy;
      const aside = Math.abs((to.x - from.x) * dy) + Math.abs((to.y - from.y) * dx);
      if (ahead > 4 && ahead + 2 * aside < least) {
        least = ahead + 2 * aside;
        best = other;
      }
    }
    return best;
  };

  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  for (const node of nodes) {
    node.addEventListener("click", () => choose(node));
    node.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") choose(node);
      else if (event.key in arrows) neighbour(node, ...arrows[event.key])?.focus();
      else return;
      event.preventDefault();
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") choose(undefined);
  });

  search.addEventListener("input", () => {
    const wanted = search.value.trim().toLowerCase();
    let hits = 0;
    for (const node of nodes) {
      const { label, kind, resources, others } = data[node.dataset.id];
      const text = [label, kind, ...others, ...resources.map((one) => `${one.name} ${one.type}`)]
        .join(" ")
        .toLowerCase();
      const hit = wanted !== "" && text.includes(wanted);
      node.classList.toggle("hit", hit);
      node.classList.toggle("miss", wanted !== "" && !hit);
      if (hit && hits++ === 0) node.scrollIntoView({ block: "center", inline: "center" });
    }
    found.textContent = wanted === "" ? "" : `${hits} found`;
  });

  for (const box of document.querySelectorAll("[data-layer]")) {
    const show = () => svg.classList.toggle(`show-${box.dataset.layer}`, box.checked);
    box.addEventListener("change", show);
    show();
  }

  const { width, height } = svg.viewBox.baseVal;
  let scale = 1;
  const zoom = (to) => {
    scale = Math.min(4, Math.max(0.1, to));
    svg.setAttribute("width", width * scale);
    svg.setAttribute("height", height * scale);
  };
  const fit = () => zoom(Math.min(1, canvas.clientWidth / width, Math.max(canvas.clientHeight / height, 0.45)));
  for (const button of document.querySelectorAll("[data-zoom]")) {
    const by = button.dataset.zoom;
    button.addEventListener("click", () => (by === "fit" ? fit() : zoom(scale * Number(by))));
  }
  window.addEventListener("load", fit);
})();
