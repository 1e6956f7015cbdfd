// Draws the numbers of a table: who can't see the picture has the table.
"use strict";

const COLORS = { delivered: "--good", failed: "--bad", canceled: "--quiet", under_way: "--accent" };

function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// As the reader writes times: the day where a step is a day or more, or all of it where it is none.
function told(at, step) {
  const day = { day: "numeric", month: "short" };
  const time = { hour: "2-digit", minute: "2-digit" };
  return new Date(at * 1000).toLocaleString([], step === 0 ? { ...day, ...time } : step < 86400 ? time : day);
}

function draw(figure) {
  const table = document.getElementById(figure.dataset.chart);
  const rows = [...table.tBodies[0].rows];
  const times = rows.map((row) => Date.parse(row.querySelector("time").dateTime) / 1000);
  const heads = [...table.tHead.querySelectorAll("[data-kind]")];
  const columns = heads.map((_, place) => rows.map((row) => Number(row.cells[place + 1].dataset.value)));
  const grid = { stroke: color("--line"), width: 1 };
  const axis = { stroke: color("--quiet"), grid, ticks: grid };
  const options = {
    width: Math.max(figure.clientWidth, 240),
    height: 260,
    series: [
      { label: table.tHead.rows[0].cells[0].textContent, value: (_plot, at) => (at ? told(at, 0) : "–") },
      ...heads.map((head) => ({
        label: head.textContent,
        stroke: color(COLORS[head.dataset.kind]),
        width: 2,
        points: { show: times.length < 3 },
      })),
    ],
    axes: [
      { ...axis, values: (_plot, splits, _axis, _space, step) => splits.map((at) => told(at, step)) },
      { ...axis, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 1e7] },
    ],
    scales: { y: { range: (_plot, _least, most) => [0, Math.max(most, 4)] } },
  };
  figure.replaceChildren();
  return new uPlot(options, [times, ...columns], figure);
}

for (const figure of document.querySelectorAll("[data-chart]")) {
  let plot = draw(figure);
  const again = () => {
    plot.destroy();
    plot = draw(figure);
  };
  window.addEventListener("resize", again);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
}
