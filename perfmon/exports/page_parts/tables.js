// Tables that sort and filter, what the recording says of itself, and the page's first painting.
(() => {
  const { data, view, whole, painters, change, look, number, duration, rate, moment, element } = perfmon;
  const filter = document.getElementById("filter");

  // A column: title, value of a row, text of a value; `text` columns stand to the left.
  const text = (title, of, more = {}) => ({ title, of, show: String, left: true, ...more });
  const counts = (title, of, more = {}) => ({ title, of, show: number, ...more });
  const times = (title, of, more = {}) => ({ title, of, show: duration, ...more });
  const bad = (value) => (value ? "bad" : "");

  function makeTable(where, title, rows, columns, { sort, note = "", only, row = () => {} }) {
    const body = element("tbody");
    let state = sort ? { column: sort, down: true } : null;
    const heads = columns.map((column) => {
      const button = element("button", { type: "button" }, column.title);
      const head = element("th", { scope: "col", className: column.left ? "text" : "" }, button);
      button.addEventListener("click", () => {
        const down = state?.column === column.title ? !state.down : !column.left;
        state = { column: column.title, down };
        fill();
      });
      return head;
    });
    const none = element("p", { className: "none" });
    function fill() {
      const wanted = filter.value.toLowerCase();
      const matches = (entry) => columns.some(
        (column) => column.left && String(column.of(entry)).toLowerCase().includes(wanted));
      const found = rows.filter(only ?? matches);
      const column = columns.find(({ title: name }) => name === state?.column);
      if (column)
        found.sort((a, b) => {
          const [x, y] = [column.of(a) ?? -1, column.of(b) ?? -1];
          return (x < y ? -1 : x > y ? 1 : 0) * (state.down ? -1 : 1);
        });
      heads.forEach((head, at) =>
        columns[at] === column
          ? head.setAttribute("aria-sort", state.down ? "descending" : "ascending")
          : head.removeAttribute("aria-sort"));
      body.replaceChildren(...found.map((entry) => {
        const made = element("tr", {}, ...columns.map((col) => cell(col, entry)));
        row(made, entry);
        return made;
      }));
      none.textContent = found.length ? note : rows.length ? "none with this name" : "none";
    }
    document.getElementById(where).append(element("div", {},
      element("h3", {}, title),
      element("div", { className: "scroll" },
              element("table", { "aria-label": title },
                      element("thead", {}, element("tr", {}, ...heads)), body)),
      none));
    filter.addEventListener("input", fill);
    fill();
    return fill;
  }

  function cell(column, entry) {
    const value = column.of(entry);
    const shown = value === null || value === undefined ? "–" : column.show(value);
    const made = element("td", { className: `${column.left ? "text" : ""} ${column.look?.(value) ?? ""}`.trim() });
    if (column.act) {
      const button = element("button", { type: "button", title: column.hint }, shown);
      button.addEventListener("click", () => column.act(entry));
      made.append(button);
    } else made.append(shown);
    if (column.share) {
      const bar = element("span", { className: "share" });
      bar.style.width = `${Math.round(60 * (value / column.share))}px`;
      made.append(bar);
    }
    return made;
  }

  function choose(event) {
    change({ event });
    document.getElementById("durations-title").scrollIntoView({ behavior: "smooth", block: "start" });
  }

  const fillEvents = makeTable("tables", "Events", data.events, [
    text("Event", (event) => event.name,
         { act: (event) => choose(event.id), hint: "Show its latency above" }),
    counts("Count", (event) => event.count, { share: Math.max(1, ...data.events.map((e) => e.count)) }),
    counts("Errors", (event) => event.errors, { look: bad }),
    counts("Waited", (event) => event.waits),
    times("Mean", (event) => event.mean),
    times("P50", (event) => event.p50),
    times("P90", (event) => event.p90),
    times("P99", (event) => event.p99),
    times("P99.9", (event) => event.p999),
    times("Max", (event) => event.max),
    times("Total", (event) => event.total),
  ], {
    sort: "Count",
    row: (made, event) => { made.dataset.event = event.id; made.classList.toggle("chosen", event.id === view.event); },
  });

  const owners = (title, rows, more) => makeTable("owners", title, rows, [
    text("Name", (owner) => (owner.name ? `${owner.id} ${owner.name}` : owner.id ? String(owner.id) : "none")),
    counts("Samples", (owner) => owner.count, { share: Math.max(1, ...rows.map((o) => o.count)) }),
    times("Time", (owner) => owner.total),
  ], { sort: "Time", note: more ? `and ${number(more)} more with less time` : "" });
  owners("Tasks", data.tasks, data.more.tasks);

  const taskNames = new Map(data.tasks.map(({ id, name }) => [id, name]));
  const hex = (value) => `0x${value.toString(16)}`;
  function dataText(sample) {
    const meanings = data.events.find(({ id }) => id === sample.event)?.data ?? ["data1", "data2"];
    return meanings.map((meaning, at) =>
      `${meaning} ${["address", "pc", "result"].includes(meaning) ? hex(sample.data[at]) : sample.data[at]}`).join(", ");
  }
  const fillSlowest = makeTable("slowest", "The slowest of them", data.slowest, [
    times("Took", (sample) => sample.ns),
    { title: "At", of: (sample) => sample.at, show: (ns) => moment(ns, whole / 100),
      act: (sample) => {
        const around = Math.max(10 * data.timeline.width_ns, 4 * sample.ns);
        look(sample.at - around, sample.at + around);
        document.getElementById("timeline-title").scrollIntoView({ behavior: "smooth", block: "start" });
      }, hint: "Show this moment above" },
    counts("CPU", (sample) => sample.cpu),
    text("Task", (sample) => `${sample.task} ${taskNames.get(sample.task) ?? ""}`.trim()),
    { title: "Thread", of: (sample) => sample.thread, show: String },
    text("Data", dataText),
    text("Failed", (sample) => (sample.error ? "yes" : ""), { look: bad }),
  ], { sort: "Took", only: (sample) => sample.event === view.event });
  owners("Threads", data.threads, data.more.threads);

  makeTable("missing", "CPUs: what is missing", data.cpus, [
    text("CPU", (cpu) => cpu.name),
    counts("Recorded", (cpu) => cpu.count),
    counts("Missing", (cpu) => cpu.missing, { look: bad }),
    { title: "Missing, percent", of: (cpu) => (100 * cpu.missing) / (cpu.count + cpu.missing || 1),
      show: (value) => value.toFixed(2), look: bad },
    counts("Bytes cut off", (cpu) => cpu.cut_off, { look: bad }),
  ], { sort: "", note: "Missing events were overwritten before they were read, rate-limited or refused." });

  const missing = data.cpus.reduce((sum, cpu) => sum + cpu.missing, 0);
  const errors = data.events.reduce((sum, event) => sum + event.errors, 0);
  const start = new Date(data.start_wall_ns / 1e6);
  const known = data.start_wall_ns > 1e17;
  document.getElementById("subtitle").textContent =
    `${data.host || "unknown host"}, recorded as ${data.directory}` +
    (known ? `, ${start.toISOString().replace("T", " ").slice(0, 19)} UTC` : "");
  document.title = `perfmon report: ${data.host}`;
  for (const [value, title, look_] of [
    [number(data.count), "samples"],
    [duration(data.span_ns), "from first to last"],
    [rate(data.span_ns ? (data.count * 1e9) / data.span_ns : 0), "samples on average"],
    [number(missing), "events missing", bad(missing)],
    [number(errors), "failed", bad(errors)],
    [number(data.cpus.length), data.cpus.length === 1 ? "CPU" : "CPUs"],
  ])
    document.getElementById("cards").append(
      element("li", { className: look_ ?? "" }, element("b", {}, value), element("span", {}, title)));

  const about = document.getElementById("about");
  for (const [title, value] of [
    ["clock", `${number(data.clock_hz)} ticks per second`],
    ["first sample", known ? `${start.toISOString()} (the host's wall clock)` : "the host does not know the time"],
    ["bucket of the timeline", duration(data.timeline.width_ns)],
    ["column of the heat map", duration(data.heat.width_ns)],
    ...Object.entries(data.environment).map(([key, value]) => [key.replaceAll("_", " "), value]),
  ])
    about.append(element("dt", {}, title), element("dd", {}, value));

  document.getElementById("theme").addEventListener("click", () => {
    const dark = getComputedStyle(document.documentElement).colorScheme === "dark" ||
      (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
    document.documentElement.dataset.theme = dark ? "light" : "dark";
    change({});
  });
  let chosen = view.event;
  painters.push(() => { if (chosen !== view.event) { chosen = view.event; fillEvents(); fillSlowest(); } });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => change({}));
  addEventListener("resize", () => change({}));
  document.documentElement.dataset.ready = "yes";
  change({});
})();
