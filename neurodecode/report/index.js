"use strict";
// Filters the tables and draws chosen runs on one axis; the address after # keeps both.
(() => {
  const form = document.getElementById("filter");
  const panel = document.getElementById("comparison");
  const compared = panel.lastElementChild;
  const rows = [...document.querySelectorAll("tr[data-name]")];
  const boxOf = (row) => row.querySelector("input[type=checkbox]");
  const chosen = () => rows.filter((row) => boxOf(row)?.checked);

  const textOf = (row) =>
    [row.textContent, row.closest("table").dataset.metric, row.closest("section").dataset.pipeline]
      .join(" ").toLowerCase();

  function filter() {
    const pipeline = form.pipeline.value;
    const words = form.q.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const mine = !pipeline || row.closest("section").dataset.pipeline === pipeline;
      row.hidden = !(mine && words.every((word) => textOf(row).includes(word)));
    }
    for (const part of document.querySelectorAll("div.group, section[data-pipeline]"))
      part.hidden = !part.querySelector("tr[data-name]:not([hidden])");
    const shown = rows.filter((row) => !row.hidden).length;
    form.querySelector("output").textContent = `${shown} of ${rows.length} runs`;
  }

  const element = (kind, attributes = {}, text = "") => {
    const svg = ["svg", "line", "text"].includes(kind);
    const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", kind)
      : document.createElement(kind);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.textContent = text;
    return made;
  };

  // The smallest of 1, 2, 5, 10 times a power of ten that makes six ticks at most.
  function ticks(low, high) {
    const least = (high - low) / 5, power = 10 ** Math.floor(Math.log10(least));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= least);
    const digits = Math.max(0, -Math.floor(Math.log10(step)));
    const found = [];
    for (let n = Math.ceil(low / step); n <= Math.floor(high / step); n++)
      found.push([n * step, (n * step).toFixed(digits)]);
    return found;
  }

  const marks = (bar) => [...bar.querySelectorAll("line, circle")].filter((m) => !m.matches(".grid"));
  const ends = (mark) => ["x1", "x2", "cx"].filter((name) => mark.hasAttribute(name));

  // Moves the bars of one table from the axis of all its runs to that of the chosen ones.
  function rescale(table) {
    const bars = [...table.querySelectorAll("svg.bar")];
    const { low, high } = bars[0].dataset;
    const number = (percent) => +low + ((+high - +low) * parseFloat(percent)) / 100;
    const all = bars.flatMap(marks).flatMap((m) => ends(m).map((name) => number(m.getAttribute(name))));
    const least = Math.min(...all), most = Math.max(...all);
    const margin = 0.06 * (most - least) || Math.abs(least) / 2 || 0.5;
    const from = least - margin, to = most + margin;
    const place = (x) => `${((100 * (x - from)) / (to - from)).toFixed(2)}%`;
    const axis = table.querySelector("svg.axis");
    axis.replaceChildren(...ticks(from, to).map(([x, text]) =>
      element("text", { x: place(x), y: 12, "text-anchor": "middle" }, text)));
    for (const bar of bars) {
      for (const mark of marks(bar))
        for (const name of ends(mark)) mark.setAttribute(name, place(number(mark.getAttribute(name))));
      bar.querySelectorAll(".grid").forEach((line) => line.remove());
      bar.prepend(...ticks(from, to).map(([x]) =>
        element("line", { class: "grid", x1: place(x), x2: place(x), y1: 0, y2: 22 })));
    }
  }

  function sideBySide(table, mine) {
    const copy = table.cloneNode(true);
    const names = new Set(mine.map((row) => row.dataset.name));
    for (const row of copy.querySelectorAll("tbody tr")) {
      row.hidden = false;
      boxOf(row)?.remove();
      if (!names.has(row.dataset.name)) row.remove();
    }
    copy.caption.prepend(`${table.closest("section").dataset.pipeline}, `);
    rescale(copy);
    const parts = [copy];
    if (mine.length === 2) {
      const line = element("p", { class: "soft" }, "Paired, over the subjects of both: ");
      const folder = panel.dataset.folder;
      line.append(element("code", {}, ["neurodecode compare",
        ...[...names].map((name) => `'${folder}/${name}'`)].join(" ")));
      parts.push(line);
    }
    return parts;
  }

  function compare() {
    const mine = chosen();
    const tables = [...new Set(mine.map((row) => row.closest("table")))];
    panel.hidden = !mine.length;
    const note = mine.length === 1 ? "choose another run to see both on one axis"
      : tables.length > 1 ? "scores of different pipelines or metrics share no axis" : "";
    compared.replaceChildren(
      ...(note ? [element("p", { class: "soft" }, note)] : []),
      ...tables.flatMap((table) => sideBySide(table, mine.filter((row) => table.contains(row)))));
    document.getElementById("comparing").textContent = `Compared: ${mine.length}`;
  }

  function remember() {
    const state = new URLSearchParams();
    if (form.pipeline.value) state.set("pipeline", form.pipeline.value);
    if (form.q.value) state.set("q", form.q.value);
    for (const row of chosen()) state.append("run", row.dataset.name);
    history.replaceState(null, "", `#${state}`);
  }

  function recall() {
    const state = new URLSearchParams(location.hash.slice(1));
    const names = new Set(state.getAll("run"));
    form.pipeline.value = state.get("pipeline") ?? "";
    if (form.pipeline.selectedIndex < 0) form.pipeline.value = "";
    form.q.value = state.get("q") ?? "";
    for (const row of rows) if (boxOf(row)) boxOf(row).checked = names.has(row.dataset.name);
    filter();
    compare();
  }

  document.documentElement.classList.add("scripted");
  form.hidden = false;
  form.addEventListener("input", () => { filter(); remember(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  document.querySelector("main").addEventListener("change", () => { compare(); remember(); });
  panel.querySelector("button").addEventListener("click", () => {
    const first = boxOf(chosen()[0]);
    for (const row of chosen()) boxOf(row).checked = false;
    compare();
    remember();
    first.focus();
  });
  addEventListener("hashchange", recall);
  recall();
})();
