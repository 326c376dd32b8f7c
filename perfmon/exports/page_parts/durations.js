// How long events of one type took: over time as a heat map, in all as a histogram.
(() => {
  const { data, view, change, number, duration, moment, nameOf, element, ink, prepare, timeAxis,
          interactive, paintSelection } = perfmon;
  const { columns, width_ns, bounds, maps } = data.heat;
  const canvas = document.getElementById("heat");
  const select = document.getElementById("event");
  const LEFT = 62, RIGHT = 6, AXIS = 22, HEIGHT = 300;
  const log = (ns) => Math.log2(Math.max(ns, 0.5));

  // The rows that the chosen event has, and where a duration stands between them.
  function rows() {
    const used = (maps[view.event] ?? []).flatMap((column) => column.filter((_, at) => at % 2 === 0));
    const low = used.reduce((a, b) => Math.min(a, b), bounds.length - 2);
    const high = used.reduce((a, b) => Math.max(a, b), 0);
    const bottom = log(bounds[low]), top = log(bounds[high + 1]);
    const y = (ns) => HEIGHT - AXIS - ((log(ns) - bottom) / (top - bottom || 1)) * (HEIGHT - AXIS);
    return { bottom, top, y };
  }

  function paintHeat() {
    const { context, width } = prepare(canvas, HEIGHT);
    const plot = Math.max(width - LEFT - RIGHT, 10);
    const cells = maps[view.event];
    timeAxis(context, LEFT, plot, HEIGHT - AXIS);
    if (!cells) {
      context.fillStyle = ink("soft");
      context.fillText("no durations", LEFT + 8, 20);
      return;
    }
    const { bottom, top, y } = rows();
    context.fillStyle = ink("soft");
    const every = Math.max(1, Math.ceil((top - bottom) / 9));
    for (let power = Math.ceil(bottom / every) * every; power <= top; power += every) {
      const at = y(2 ** power);
      if (at < 10 || at > HEIGHT - AXIS - 2) continue;
      context.fillText(duration(Math.round(2 ** power)), 0, at + 4);
      context.fillStyle = ink("line");
      context.fillRect(LEFT - 4, at, plot + 4, 1);
      context.fillStyle = ink("soft");
    }
    const x = (ns) => LEFT + ((ns - view.from) / (view.to - view.from)) * plot;
    const first = Math.max(0, Math.floor(view.from / width_ns));
    const last = Math.min(columns - 1, Math.floor(view.to / width_ns));
    let most = 1;
    for (let at = first; at <= last; at++)
      for (let n = 1; n < cells[at].length; n += 2) most = Math.max(most, cells[at][n]);
    context.fillStyle = ink("heat");
    for (let at = first; at <= last; at++) {
      const from = Math.max(x(at * width_ns), LEFT), to = Math.min(x((at + 1) * width_ns), LEFT + plot);
      for (let n = 0; n < cells[at].length; n += 2) {
        const above = y(bounds[cells[at][n] + 1]), below = y(bounds[cells[at][n]]);
        context.globalAlpha = 0.12 + 0.88 * (Math.log1p(cells[at][n + 1]) / Math.log1p(most));
        context.fillRect(from, above, Math.max(to - from, 1), Math.max(below - above, 1));
      }
    }
    context.globalAlpha = 1;
    paintSelection(context, LEFT, plot, HEIGHT - AXIS);
  }

  interactive(canvas, LEFT, RIGHT, (time, x, y) => {
    const column = Math.min(columns - 1, Math.floor(time / width_ns));
    const cells = maps[view.event]?.[column];
    if (!cells || x < LEFT || y > HEIGHT - AXIS) return "";
    const scale = rows();
    for (let n = 0; n < cells.length; n += 2) {
      const low = bounds[cells[n]], high = bounds[cells[n] + 1];
      if (y <= scale.y(low) && y >= scale.y(high))
        return `${nameOf(view.event)}, ${moment(column * width_ns)}, ${duration(width_ns)}\n` +
          `${number(cells[n + 1])} took ${duration(low)} – ${duration(high)}`;
    }
    return `${nameOf(view.event)}, ${moment(column * width_ns)}: none of this duration`;
  });

  function svg(tag, attributes, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function paintHistogram() {
    const box = document.getElementById("histogram");
    const event = data.events.find(({ id }) => id === view.event);
    const bars = data.histograms[view.event] ?? [];
    document.getElementById("percentiles").textContent = bars.length
      ? [["mean", event.mean], ["p50", event.p50], ["p90", event.p90], ["p99", event.p99],
         ["p99.9", event.p999], ["max", event.max]]
          .map(([title, ns]) => `${title} ${duration(ns)}`).join(" · ")
      : "no durations were recorded";
    box.replaceChildren();
    if (!bars.length) return;
    const width = box.clientWidth, height = box.clientHeight, LEFT = 44, BOTTOM = 22, TOP = 28;
    const low = log(bars[0][0]), high = log(bars[bars.length - 1][1]);
    const most = Math.max(...bars.map(([, , count]) => count));
    const x = (ns) => LEFT + ((log(ns) - low) / (high - low || 1)) * (width - LEFT - 8);
    const base = height - BOTTOM;
    const total = bars.reduce((sum, [, , count]) => sum + count, 0);
    const chart = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img",
                               "aria-label": `Histogram of ${event.name}` });
    const every = Math.max(1, Math.ceil((high - low) / 6));
    for (let power = Math.ceil(low); power <= high; power += every)
      chart.append(svg("text", { x: x(2 ** power), y: height - 6, "text-anchor": "middle" },
                       duration(Math.round(2 ** power))));
    for (const part of [0.5, 1])
      chart.append(
        svg("line", { class: "axis", x1: LEFT, x2: width, y1: base - part * (base - TOP), y2: base - part * (base - TOP) }),
        svg("text", { x: LEFT - 6, y: base - part * (base - TOP) + 4, "text-anchor": "end" },
            short(most * part)));
    for (const [from, to, count] of bars) {
      const tall = Math.max(1, (count / most) * (base - TOP));
      const bar = svg("rect", { x: x(from), y: base - tall, height: tall,
                                width: Math.max(1, x(to) - x(from) - 1) });
      bar.append(svg("title", {}, `${duration(from)} – ${duration(to)}: ${number(count)} ` +
                                  `(${((100 * count) / total).toFixed(2)} %)`));
      chart.append(bar);
    }
    chart.append(svg("line", { class: "axis", x1: LEFT, x2: width, y1: base, y2: base }));
    let row = 0;
    for (const [title, ns] of [["p50", event.p50], ["p90", event.p90], ["p99", event.p99]])
      chart.append(
        svg("line", { class: "mark", x1: x(ns), x2: x(ns), y1: 4 + 9 * row, y2: base }),
        svg("text", { class: "mark-text", x: x(ns) + 3, y: 11 + 9 * row++ }, title));
    box.append(chart);
  }
  const short = (value) =>
    value >= 1e6 ? `${(value / 1e6).toPrecision(2)}M` : value >= 1e3 ? `${Math.round(value / 100) / 10}k` : number(value);

  for (const event of data.events)
    if (event.timed) select.append(element("option", { value: event.id }, event.name));
  select.addEventListener("change", () => change({ event: Number(select.value) }));
  perfmon.painters.push(() => {
    select.value = String(view.event);
    paintHeat();
    paintHistogram();
  });
})();
