// Events per second over time, a lane for each CPU or task.
(() => {
  const { data, view, change, zoom, number, duration, rate, moment, colour, nameOf, element, ink,
          prepare, timeAxis, interactive, paintSelection } = perfmon;
  const canvas = document.getElementById("timeline");
  const LEFT = 130, RIGHT = 8, AXIS = 22;
  const { buckets, width_ns } = data.timeline;

  // Counts come with runs of zeros as negative numbers; kept as sums of all before.
  function sums(packed) {
    const found = new Float64Array(buckets + 1);
    let at = 0;
    for (const count of packed)
      if (count < 0) for (let n = -count; n--; at++) found[at + 1] = found[at];
      else { found[at + 1] = found[at] + count; at++; }
    return found;
  }
  const lanes = {};
  for (const by of ["cpu", "task"])
    lanes[by] = data.timeline[by].map((lane) => ({
      name: lane.name,
      losses: lane.losses,
      series: Object.entries(lane.series).map(([event, packed]) => [Number(event), sums(packed)]),
    }));

  // Events up to a moment, as if they were spread evenly within their bucket.
  function upTo(series, ns) {
    const place = Math.min(Math.max(ns / width_ns, 0), buckets);
    const whole = Math.min(Math.floor(place), buckets - 1);
    return series[whole] + (series[whole + 1] - series[whole]) * (place - whole);
  }
  const between = (series, from, to) => upTo(series, to) - upTo(series, from);
  const shown = (lane) => lane.series.filter(([event]) => !view.hidden.has(event));
  const laneHeight = (count) => Math.min(count > 1 ? 110 : 180, Math.max(34, Math.floor(440 / count)));

  function paint() {
    const chosen = lanes[view.lanes];
    const size = laneHeight(chosen.length);
    const { context, width, height } = prepare(canvas, chosen.length * size + AXIS);
    const plot = Math.max(width - LEFT - RIGHT, 10);
    const step = (view.to - view.from) / plot;
    timeAxis(context, LEFT, plot, height - AXIS);
    const stacks = chosen.map((lane) => {
      const series = shown(lane);
      const totals = new Float64Array(Math.floor(plot));
      const heights = series.map(([event, counts]) => {
        const found = new Float64Array(totals.length);
        let before = upTo(counts, view.from);
        for (let x = 0; x < totals.length; x++) {
          const after = upTo(counts, view.from + (x + 1) * step);
          found[x] = after - before;
          totals[x] += found[x];
          before = after;
        }
        return [event, found];
      });
      return { heights, totals };
    });
    const most = Math.max(...stacks.map(({ totals }) => totals.reduce((a, b) => Math.max(a, b), 0)), 1e-12);
    chosen.forEach((lane, at) => {
      const base = (at + 1) * size - 6;
      const scale = (size - 14) / most;
      const floor = new Float64Array(stacks[at].totals.length);
      for (const [event, heights] of stacks[at].heights) {
        context.fillStyle = colour(event);
        for (let x = 0; x < heights.length; x++) {
          if (!heights[x]) continue;
          const bar = heights[x] * scale;
          context.fillRect(LEFT + x, base - floor[x] - bar, 1, bar);
          floor[x] += bar;
        }
      }
      context.fillStyle = ink("line");
      context.fillRect(LEFT, base, plot, 1);
      context.fillStyle = ink("ink");
      context.fillText(clipped(context, lane.name, LEFT - 12), 0, base - size / 2 + 2);
      context.fillStyle = ink("soft");
      const total = shown(lane).reduce((sum, [, counts]) => sum + between(counts, view.from, view.to), 0);
      context.fillText(rate((total * 1e9) / (view.to - view.from)), 0, base - size / 2 + 15);
      context.fillStyle = ink("bad");
      for (const [first, last] of lane.losses) {
        const from = LEFT + ((first * width_ns - view.from) / (view.to - view.from)) * plot;
        const to = LEFT + (((last + 1) * width_ns - view.from) / (view.to - view.from)) * plot;
        const begin = Math.max(from, LEFT), end = Math.min(to, LEFT + plot);
        if (end > begin) context.fillRect(begin, base + 1, Math.max(end - begin, 2), 4);
      }
    });
    paintSelection(context, LEFT, plot, height - AXIS);
    const all = view.from === 0 && view.to === perfmon.whole;
    document.getElementById("range").textContent =
      `${moment(view.from)} – ${moment(view.to)}${all ? ", all" : ""} · ` +
      `highest bar ${rate((most * 1e9) / step)}`;
    for (const button of document.querySelectorAll("[data-lanes]"))
      button.setAttribute("aria-pressed", String(button.dataset.lanes === view.lanes));
    for (const button of document.querySelectorAll("#legend button"))
      button.setAttribute("aria-pressed", String(!view.hidden.has(Number(button.dataset.event))));
  }

  function clipped(context, text, room) {
    if (context.measureText(text).width <= room) return text;
    while (text && context.measureText(`${text}…`).width > room) text = text.slice(0, -1);
    return `${text}…`;
  }

  // The figures of what the pointer is on: one bucket, or one pixel where that is more.
  interactive(canvas, LEFT, RIGHT, (time, x, y) => {
    const chosen = lanes[view.lanes];
    const lane = chosen[Math.floor(y / laneHeight(chosen.length))];
    if (!lane || x < LEFT) return "";
    const pixel = (view.to - view.from) / (canvas.clientWidth - LEFT - RIGHT);
    const first = Math.floor(time / width_ns);
    const last = Math.max(first, Math.floor((time + pixel) / width_ns));
    const from = first * width_ns, to = (last + 1) * width_ns;
    const counts = shown(lane)
      .map(([event, series]) => [event, between(series, from, to)])
      .filter(([, count]) => count >= 0.5)
      .sort((a, b) => b[1] - a[1]);
    const lines = counts.slice(0, 8).map(([event, count]) => `${nameOf(event)}  ${number(count)}`);
    const missing = lane.losses.filter(([since, until]) => since <= last && until >= first);
    for (const [since, until, count] of missing)
      lines.push(`${number(count)} events missing within ${duration((until - since + 1) * width_ns)}`);
    return [`${lane.name}, ${moment(from)}, ${duration(to - from)}`, ...lines].join("\n");
  });

  for (const event of data.events) {
    const button = element("button", { type: "button" }, element("i"), event.name);
    button.dataset.event = event.id;
    button.firstChild.style.background = colour(event.id);
    button.title = "Hide or show; with Shift, show it alone";
    button.addEventListener("click", (click) => {
      const hidden = new Set(view.hidden);
      if (click.shiftKey) {
        hidden.clear();
        for (const other of data.events) if (other.id !== event.id) hidden.add(other.id);
      } else if (!hidden.delete(event.id)) hidden.add(event.id);
      change({ hidden });
    });
    document.getElementById("legend").append(button);
  }
  for (const button of document.querySelectorAll("[data-lanes]"))
    button.addEventListener("click", () => change({ lanes: button.dataset.lanes }));
  for (const button of document.querySelectorAll("[data-zoom]"))
    button.addEventListener("click", () => zoom(button.dataset.zoom));
  perfmon.painters.push(paint);
})();
