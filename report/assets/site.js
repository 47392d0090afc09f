// Draws the charts from the data files beside this page, fills the as-of page, filters the health page.
// Data arrive as scripts because a page opened from a file may not fetch. Nothing here makes HTML out of data.
"use strict";
window.LOWTIDE = { data: {}, drawn: 0, failed: [] };

(function () {
  const NARROW = 560;

  function rows(told) {
    const names = Object.keys(told.columns), days = new Set(told.days), out = [];
    const length = names.length ? told.columns[names[0]].length : 0;
    for (let i = 0; i < length; i++) {
      const row = {};
      for (const name of names) {
        const value = told.columns[name][i];
        row[name] = days.has(name) && value !== null ? value * 86400000 : value;
      }
      out.push(row);
    }
    return out;
  }

  function fitted(spec, narrow, width) {
    const made = { ...spec, width: "container", autosize: { type: "fit-x", contains: "padding" } };
    if (narrow && width < 420) {
      const config = made.config || {};
      made.config = {
        ...config,
        legend: { ...config.legend, columns: 1, labelLimit: 260 },
        axisX: { ...config.axisX, tickCount: 4 },
        axisY: { ...config.axisY, labelLimit: 100 },
      };
    }
    return made;
  }

  async function draw(box) {
    const id = box.dataset.chart, told = LOWTIDE.data[id];
    const spec = JSON.parse(document.querySelector('script.spec[data-for="' + id + '"]').textContent);
    const narrow = box.clientWidth < NARROW;
    spec.datasets = { ...spec.datasets, rows: rows(told) };
    try {
      if (box.lowtideView) box.lowtideView.finalize();
      box.lowtideView = await vegaEmbed(box, fitted(spec, narrow, box.clientWidth), { actions: false, renderer: "svg", ast: true, logLevel: 1, bind: document.querySelector('.binds[data-for="' + id + '"]') });
      box.querySelector("svg").setAttribute("aria-hidden", "true"); // the box itself is the image, with its text
      box.lowtideNarrow = narrow;
      LOWTIDE.drawn += 1;
    } catch (error) {
      LOWTIDE.failed.push(id + ": " + error);
      console.error(id, error);
    }
  }

  async function charts() {
    const boxes = Array.from(document.querySelectorAll(".vega"));
    if (!boxes.length) return;
    for (const box of boxes) {
      await draw(box);
      await new Promise((done) => setTimeout(done, 0));
    }
    document.documentElement.dataset.charts = "done";
    addEventListener("resize", () => {
      for (const box of boxes) if (box.clientWidth < NARROW !== box.lowtideNarrow) draw(box);
    });
  }

  function asOf() {
    const select = document.getElementById("day");
    if (!select) return;
    const told = LOWTIDE.asof, words = JSON.parse(document.getElementById("asof-words").textContent);
    const byDay = new Map();
    for (const row of rows({ days: [], columns: told.columns })) {
      const day = told.dates[row.day];
      if (!byDay.has(day)) byDay.set(day, {});
      byDay.get(day)[told.theses[row.thesis]] = row;
    }
    const order = Array.from(byDay.keys()).sort();
    const put = (cell, ...parts) => { cell.replaceChildren(...parts); };
    const sub = (text) => { const one = document.createElement("span"); one.className = "sub"; one.textContent = text; return one; };
    const badge = (name) => document.querySelector('#verdicts template[data-verdict="' + name + '"]').content.cloneNode(true);
    const since = (index) => (index === null ? [] : [sub(words.since + " " + told.sinces[index])]);

    function show(day) {
      if (!byDay.has(day)) day = order.filter((one) => one <= day).pop() || order[order.length - 1]; // the newest that is not later
      select.value = day;
      document.getElementById("asof-day").textContent = day;
      for (const line of document.querySelectorAll("#asof tr[data-thesis]")) {
        const row = byDay.get(day)[line.dataset.thesis];
        const [raw, set, near] = ["raw", "set", "near"].map((name) => line.querySelector("." + name));
        put(raw, badge(row ? told.verdicts[row.verdict] : "no_data"), ...(row ? since(row.verdict_since) : []));
        put(set, badge(row ? told.verdicts[row.settled] : "no_data"), ...(row ? since(row.settled_since) : []));
        if (row && row.leg !== null) {
          const value = (row.margin < 0 ? "\u2212" : "+") + Math.abs(row.margin).toLocaleString("en", { maximumFractionDigits: 2 });
          const unit = told.units[row.unit], leg = told.legs[row.leg];
          put(near, document.createTextNode(value + " " + (words.units[unit] || unit || "")), sub(leg + " " + ((words.legs[line.dataset.thesis] || {})[leg] || "")));
        } else put(near, document.createTextNode("\u2013"));
      }
      history.replaceState(null, "", "#" + day);
    }
    const step = (by) => { const at = order.indexOf(select.value) + by; if (order[at]) show(order[at]); };
    select.addEventListener("change", () => show(select.value));
    document.getElementById("earlier").addEventListener("click", () => step(-1));
    document.getElementById("later").addEventListener("click", () => step(1));
    addEventListener("hashchange", () => show(location.hash.slice(1)));
    show(location.hash.slice(1));
    for (const link of document.querySelectorAll("a.lang")) link.addEventListener("click", () => { link.href = link.href.split("#")[0] + location.hash; });
  }

  function health() {
    const filter = document.getElementById("filter"), bad = document.getElementById("bad");
    if (!filter) return;
    const lines = Array.from(document.querySelectorAll("#series tbody tr"));
    const apply = () => {
      const text = filter.value.toLowerCase();
      let shown = 0;
      for (const line of lines) {
        line.hidden = (bad.checked && line.dataset.bad !== "1") || !line.textContent.toLowerCase().includes(text);
        shown += line.hidden ? 0 : 1;
      }
      document.getElementById("shown").textContent = shown + " / " + lines.length;
    };
    filter.addEventListener("input", apply);
    bad.addEventListener("change", apply);
    apply();
  }

  function age() {
    const asOf = document.body.dataset.asOf;
    if (!asOf) return;
    const days = Math.floor((Date.now() - Date.parse(asOf)) / 86400000);
    if (days <= 4) return; // the longest closure between two sessions
    const note = document.createElement("p");
    note.className = "banner stale";
    note.setAttribute("role", "note");
    note.textContent = document.body.dataset.oldText.replace("#", days);
    document.querySelector("header").after(note);
  }

  addEventListener("DOMContentLoaded", () => { age(); asOf(); health(); requestAnimationFrame(() => setTimeout(charts, 0)); });
})();
