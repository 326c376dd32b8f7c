"use strict";
// What all parts of the page share: the figures, what is looked at, and how figures are written.

const perfmon = (() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const whole = data.timeline.buckets * data.timeline.width_ns;
  const busiest = data.events.reduce((a, b) => (b.timed > (a?.timed ?? -1) ? b : a), undefined);

  // What is looked at: a stretch of time in ns from the start, lanes, hidden events, one event.
  const view = { from: 0, to: whole, lanes: "cpu", hidden: new Set(), event: busiest?.id };
  const painters = [];
  let pending = false;

  function change(changes) {
    Object.assign(view, changes);
    if (pending) return;
    pending = true;
    requestAnimationFrame(() => {
      pending = false;
      for (const paint of painters) paint();
    });
  }

  // Show a stretch of time, within what there is and no shorter than a hundredth of a bucket.
  function look(from, to) {
    const length = Math.min(Math.max(to - from, data.timeline.width_ns / 100), whole);
    const middle = (from + to) / 2;
    const begin = Math.min(Math.max(middle - length / 2, 0), whole - length);
    change({ from: begin, to: begin + length });
  }

  function zoom(what, at = (view.from + view.to) / 2) {
    const length = view.to - view.from;
    const place = (at - view.from) / length;
    const scaled = (factor) => look(at - place * length * factor, at + (1 - place) * length * factor);
    const moved = (part) => look(view.from + part * length, view.to + part * length);
    ({
      in: () => scaled(0.5),
      out: () => scaled(2),
      left: () => moved(-0.25),
      right: () => moved(0.25),
      all: () => look(0, whole),
    })[what]();
  }

  function digits(value) {
    return value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : number(value);
  }
  function number(value) {
    return Math.round(value).toLocaleString("en-US");
  }
  function duration(ns) {
    if (ns === null || ns === undefined) return "–";
    for (const [scale, unit] of [[1e9, "s"], [1e6, "ms"], [1e3, "µs"]])
      if (ns >= scale) return `${digits(ns / scale)} ${unit}`;
    return `${Number.isInteger(ns) ? ns : digits(ns)} ns`;
  }
  function rate(value) {
    for (const [scale, unit] of [[1e6, "M"], [1e3, "k"]])
      if (value >= scale) return `${digits(value / scale)}${unit}/s`;
    return `${value >= 10 ? Math.round(value) : digits(value)}/s`;
  }
  // A moment, with as many digits as the stretch that is looked at asks for.
  function moment(ns, span = view.to - view.from) {
    const places = Math.min(9, Math.max(0, Math.ceil(-Math.log10(span / 1e9)) + 3));
    return `${(ns / 1e9).toFixed(places)} s`;
  }

  // Pairs of events that belong together have shades of one colour.
  const COLOURS = [
    "#4e79a7", "#8fbce0", "#59a14f", "#9bd58a", "#b6992d", "#e6c34c", "#d1495b", "#f2a0a8",
    "#b07aa1", "#d7a9cb", "#f28e2b", "#499894", "#6b6ecf",
  ];
  const colour = (event) => COLOURS[event] ?? "#79706e";
  const nameOf = (id) => data.events.find((event) => event.id === Number(id))?.name ?? `EVENT_${id}`;

  function element(tag, properties = {}, ...children) {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(properties))
      if (key in made) made[key] = value;
      else made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  // The value of a colour of the style sheet, for canvases.
  const probe = document.body.appendChild(element("i", { hidden: true }));
  function ink(name) {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  }

  const tip = document.getElementById("tip");
  function showTip(text, x, y) {
    tip.hidden = !text;
    if (!text) return;
    tip.textContent = text;
    const { width, height } = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - width - 8))}px`;
    tip.style.top = `${y + 18 + height > innerHeight ? y - height - 10 : y + 18}px`;
  }

  // A canvas of sharp pixels; returns what to draw with, in CSS pixels.
  function prepare(canvas, height) {
    const width = canvas.clientWidth;
    const scale = devicePixelRatio || 1;
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    context.font = "11px system-ui, sans-serif";
    return { context, width, height };
  }

  // Ticks of a time axis: at round numbers, `room` pixels apart at least.
  function timeTicks(pixels, room = 90) {
    const span = view.to - view.from;
    const wanted = (span * room) / pixels;
    const power = 10 ** Math.floor(Math.log10(wanted));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= wanted);
    const ticks = [];
    for (let at = Math.ceil(view.from / step) * step; at <= view.to; at += step) ticks.push(at);
    return ticks;
  }

  function timeAxis(context, left, width, y) {
    context.fillStyle = ink("soft");
    context.strokeStyle = ink("line");
    for (const at of timeTicks(width)) {
      const x = left + ((at - view.from) / (view.to - view.from)) * width;
      context.beginPath();
      context.moveTo(x, 0);
      context.lineTo(x, y + 4);
      context.stroke();
      const label = moment(at, (view.to - view.from) / 5).replace(/0+ s$/, " s").replace(". s", " s");
      const half = context.measureText(label).width / 2;
      context.fillText(label, Math.min(Math.max(x, left + half), left + width - half) - half, y + 16);
    }
  }

  // Zooming and moving by mouse and keys, and what the pointer is on.
  function interactive(canvas, left, right, describe) {
    const width = () => canvas.clientWidth - left - right;
    const timeAt = (event) => {
      const x = event.clientX - canvas.getBoundingClientRect().left - left;
      const part = Math.min(Math.max(x / width(), 0), 1);
      return view.from + part * (view.to - view.from);
    };
    let start = null;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      start = { x: event.clientX, time: timeAt(event) };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (start) {
        change({ selection: [start.time, timeAt(event)] });
        showTip(`${duration(Math.abs(timeAt(event) - start.time))}`, event.clientX, event.clientY);
      } else {
        const box = canvas.getBoundingClientRect();
        showTip(describe(timeAt(event), event.clientX - box.left, event.clientY - box.top),
                event.clientX, event.clientY);
      }
    });
    canvas.addEventListener("pointerup", (event) => {
      if (start && Math.abs(event.clientX - start.x) > 4)
        look(Math.min(start.time, timeAt(event)), Math.max(start.time, timeAt(event)));
      start = null;
      change({ selection: null });
    });
    canvas.addEventListener("pointercancel", () => { start = null; change({ selection: null }); });
    canvas.addEventListener("pointerleave", () => showTip(""));
    canvas.addEventListener("dblclick", () => zoom("all"));
    canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.shiftKey) return;
      event.preventDefault();
      zoom(event.deltaY + event.deltaX < 0 ? "in" : "out", timeAt(event));
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      const what = { "+": "in", "=": "in", "-": "out", ArrowLeft: "left", ArrowRight: "right",
                     0: "all", Home: "all" }[event.key];
      if (!what || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      zoom(what);
    });
  }

  function paintSelection(context, left, width, height) {
    if (!view.selection) return;
    const [a, b] = view.selection.map(
      (time) => left + ((time - view.from) / (view.to - view.from)) * width);
    context.globalAlpha = 0.18;
    context.fillStyle = ink("accent");
    context.fillRect(Math.min(a, b), 0, Math.abs(b - a), height);
    context.globalAlpha = 1;
  }

  return { data, view, whole, painters, change, look, zoom, number, duration, rate, moment, colour,
           nameOf, element, ink, prepare, timeAxis, interactive, paintSelection };
})();
