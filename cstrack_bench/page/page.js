"use strict";
(() => {
  const known = JSON.parse(document.getElementById("provenance").textContent);
  const make = (tag, text) => {
    const found = document.createElement(tag);
    if (text !== undefined) found.textContent = text;
    return found;
  };

  // Sorting: by data-value where cells have one, else as text; what is missing is last.
  const value = (row, column) => {
    const cell = row.cells[column];
    const number = cell.dataset.value;
    return number === undefined ? cell.textContent.trim() : Number(number);
  };
  const compare = (one, other) => {
    if (typeof one === "number" && typeof other === "number") return one - other;
    if (typeof one === "number") return -1;
    if (typeof other === "number") return 1;
    return one.localeCompare(other, "en", { numeric: true });
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      head.querySelector("button").addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const body = table.tBodies[0];
        const rows = [...body.rows].map((row) => [row, value(row, column)]);
        rows.sort((a, b) => {
          const missing = (typeof a[1] === "string") !== (typeof b[1] === "string");
          const order = compare(a[1], b[1]);
          return down && !missing ? -order : order;
        });
        body.append(...rows.map(([row]) => row));
      });
    });
  }
  for (const box of document.querySelectorAll("input.filter")) {
    box.addEventListener("input", () => {
      const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of box.parentElement.querySelectorAll("tbody tr")) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
      }
    });
  }

  // What a cell opens: its runs as a tree.
  const short = (found) => found === null || typeof found !== "object" ||
    (Array.isArray(found) && found.every((one) => typeof one !== "object"));
  const tree = (document_) => {
    const found = make("div");
    const list = make("dl");
    const inner = [];
    for (const [key, one] of Object.entries(document_)) {
      if (short(one)) {
        list.append(make("dt", key), make("dd", Array.isArray(one) ? one.join(", ") :
          one === null ? "—" : String(one)));
      } else {
        const fold = make("details");
        fold.append(make("summary", key), tree(one));
        inner.push(fold);
      }
    }
    if (list.children.length) found.append(list);
    found.append(...inner);
    return found;
  };
  const runTree = (number, metric) => {
    const run = known.runs[number];
    const fold = make("details");
    fold.open = true;
    const name = run.run;
    fold.append(make("summary", `${name.table} row ${name.row} seed ${name.seed}`));
    if (metric) {
      const own = {};
      for (const [sequence, scores] of Object.entries(run.scores)) {
        if (metric in scores) own[sequence] = scores[metric];
      }
      fold.append(tree({ [`${metric} by sequence`]: own }));
    }
    const shared = {};
    for (const [key, part] of Object.entries(run.shared)) shared[key] = known.parts[part];
    fold.append(tree({ ...name, scores: run.scores, model: run.model,
      training: run.training, ...(run.speed ? { speed: run.speed } : {}), ...shared }));
    return fold;
  };
  const dialog = document.getElementById("why");
  const content = dialog.querySelector("div");
  const show = (button) => {
    const cell = known.cells[button.dataset.why];
    const data = button.dataset;
    content.replaceChildren(make("h3", cell.title));
    if (data.metric) {
      content.append(tree({ score: data.metricName, print: data.printed,
        ours: data.ours, ...(data.verdict ? { verdict: data.verdict } : {}) }));
    }
    if (cell.note) content.append(make("p", cell.note));
    if (cell.facts) content.append(tree(cell.facts));
    for (const key of [button.dataset.why, ...(cell.see || [])]) {
      const one = known.cells[key];
      if (key !== button.dataset.why) content.append(make("h4", one.title));
      for (const run of one.runs || []) content.append(runTree(run, data.metric));
    }
    dialog.showModal();
  };
  for (const button of document.querySelectorAll("[data-why]")) {
    button.addEventListener("click", () => show(button));
  }
  dialog.querySelector("button").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
})();
