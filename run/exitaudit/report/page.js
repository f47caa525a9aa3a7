// Draws the page from its documents (docs/json.md). Their text reaches the page as text
// nodes only, never as markup.
"use strict";
(() => {

const list = (value) => Array.isArray(value) ? value : [];
const known = (value) => value !== null && value !== undefined && value !== false && value !== "";
const whole = (value) => known(value) && Number.isFinite(value) ? Math.round(value).toLocaleString("en") : "–";
const percent = (value) => Number.isFinite(value) ? `${value.toFixed(value < 10 ? 2 : 1)} %` : "–";
const sum = (values) => values.reduce((all, value) => all + value, 0);

function element(name, attributes = {}, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes))
        if (value !== undefined && value !== false)
            node.setAttribute(key, value);
    node.append(...children.flat().filter((child) => known(child)));
    return node;
}

// Columns: {title, of: row => text or node, number, wide}. The first names its row.
function table(label, columns, rows, tall) {
    const cell = (column, row, index) => element(index === 0 ? "th" : "td",
        {scope: index === 0 && "row", class: column.number ? "number" : column.wide ? "wide" : undefined}, column.of(row));
    const head = columns.map((c) => element("th", {scope: "col", class: c.number && "number"}, c.title));
    const body = rows.map((row) => element("tr", {}, columns.map((column, index) => cell(column, row, index))));
    return element("div", {class: tall ? "scroll tall" : "scroll", tabindex: 0, role: "region", "aria-label": label},
        element("table", {}, element("thead", {}, element("tr", {}, head)), element("tbody", {}, body)));
}

const details = (title, ...content) => element("details", {}, element("summary", {}, title), ...content);

// Charts are drawn anew when the colours change.

const charts = [];
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function figure(parent, title, caption, height, configure) {
    const canvas = element("canvas", {role: "img", "aria-label": `${title}. ${caption} The table below has the figures.`});
    // Set by script: the page's policy lets no style attribute through.
    const box = element("div", {class: "canvas"}, canvas);
    box.style.height = `${height}px`;
    parent.append(element("h3", {}, title), element("figure", {}, element("figcaption", {}, caption), box));
    charts.push({canvas, configure, chart: null});
}

function draw() {
    Chart.defaults.color = colour("muted");
    Chart.defaults.borderColor = colour("line");
    Chart.defaults.font.family = "system-ui, sans-serif";
    Chart.defaults.animation = false;
    Chart.defaults.maintainAspectRatio = false;
    for (const entry of charts) {
        entry.chart?.destroy();
        entry.chart = new Chart(entry.canvas, entry.configure());
    }
}

const thousands = {notation: "compact", maximumFractionDigits: 1};
// On a logarithmic axis, 1, 2 and 5 of each power of ten.
const isRound = (value) => [1, 2, 5].includes(Math.round(1e6 * value / 10 ** Math.floor(Math.log10(value) + 1e-9)) / 1e6);
const compact = (value) => value.toLocaleString("en", thousands);
const shortened = (name) => name.length > 18 ? `${name.slice(0, 17)}…` : name;

// What exits cost, by reason.

// Figures of all triggers of one exit reason: per exit, not per firing.
function costs(results) {
    const reasons = new Map();
    for (const result of results) {
        const guest = result.guest_cycles;
        if (result.verdict === "skip" || !guest || !(result.caused > 0) || !(guest.median > 0))
            continue;
        const share = result.firings / result.caused;
        const entry = reasons.get(result.exit_name) ??
            {name: result.exit_name, triggers: 0, medians: [], low: Infinity, high: 0, told: 0, cycles: 0, hostLow: Infinity, hostHigh: 0};
        entry.triggers++;
        entry.medians.push(guest.median * share);
        entry.low = Math.min(entry.low, guest.min * share);
        entry.high = Math.max(entry.high, guest.p99 * share);
        const host = result.host_cycles;
        if (host && host.mean > 0 && result.told > 0) {
            entry.told += result.told;
            entry.cycles += result.told * host.mean;
            entry.hostLow = Math.min(entry.hostLow, host.min ?? host.mean);
            entry.hostHigh = Math.max(entry.hostHigh, host.max ?? host.mean);
        }
        reasons.set(result.exit_name, entry);
    }
    return [...reasons.values()].map((entry) => {
        const sorted = entry.medians.sort((a, b) => a - b);
        const host = entry.told > 0 ? entry.cycles / entry.told : null;
        return {...entry, guest: sorted[Math.floor((sorted.length - 1) / 2)], host};
    }).sort((a, b) => b.guest - a.guest);
}

// A line from the least to the most, behind each point.
const ranges = {
    id: "ranges",
    beforeDatasetsDraw(chart) {
        const {ctx, scales: {x, y}} = chart;
        chart.data.datasets.forEach((dataset, index) => {
            if (!chart.isDatasetVisible(index))
                return;
            ctx.save();
            ctx.strokeStyle = dataset.borderColor;
            ctx.globalAlpha = 0.45;
            ctx.lineWidth = 3;
            ctx.beginPath();
            for (const point of dataset.data) {
                ctx.moveTo(x.getPixelForValue(Math.max(point.low, x.min)), y.getPixelForValue(point.y));
                ctx.lineTo(x.getPixelForValue(Math.min(point.high, x.max)), y.getPixelForValue(point.y));
            }
            ctx.stroke();
            ctx.restore();
        });
    },
};

function costChart(parent, results, emulator) {
    const rows = costs(results);
    if (rows.length === 0)
        return;
    const points = (offset, value, low, high) => rows.map((row, index) =>
        ({x: row[value], y: index + offset, low: row[low], high: row[high], name: row.name})).filter((point) => point.x > 0);
    const series = (label, name, style, data) => ({label, data, pointStyle: style, pointRadius: 5, pointHoverRadius: 7,
        backgroundColor: colour(name), borderColor: colour(name)});
    const least = Math.min(...rows.flatMap((row) => [row.low, row.hostLow]).filter((value) => value > 0));
    const most = Math.max(...rows.flatMap((row) => [row.high, row.hostHigh]));
    figure(parent, "Cycles per exit, by reason",
        "Guest: the median that its own clock saw from before an instruction to after it, and a line from the shortest to the " +
        "99th percentile. Host: the mean that the ledger told, and a line from its shortest to its longest. Logarithmic. " +
        (emulator ? "On an emulated processor, compare exits with one another, not with hardware." : ""),
        rows.length * 26 + 110, () => ({
            type: "scatter",
            plugins: [ranges],
            data: {datasets: [
                series("guest saw (median)", "guest", "circle", points(-0.17, "guest", "low", "high")),
                series("host told (mean)", "host", "rectRot", points(0.17, "host", "hostLow", "hostHigh")),
            ].filter((dataset) => dataset.data.length > 0)},
            options: {
                scales: {
                    x: {type: "logarithmic", min: least / 1.3, max: most * 1.3, title: {display: true, text: "cycles"},
                        ticks: {maxRotation: 0, autoSkipPadding: 12, callback: (value) => isRound(value) ? compact(value) : null}},
                    y: {min: -0.7, max: rows.length - 0.3, reverse: true, afterBuildTicks: (axis) => {
                        axis.ticks = rows.map((row, index) => ({value: index}));
                    }, ticks: {autoSkip: false, callback: (value) => shortened(rows[value]?.name ?? "")}},
                },
                plugins: {legend: {position: "top", labels: {usePointStyle: true, boxHeight: 7}}, tooltip: {callbacks: {label: (item) =>
                    `${item.raw.name}: ${whole(item.raw.x)} (${whole(item.raw.low)} to ${whole(item.raw.high)})`}}},
            },
        }));
    parent.append(details("As a table", table("Cycles per exit", [
        {title: "Exit", of: (row) => row.name},
        {title: "Triggers", number: true, of: (row) => whole(row.triggers)},
        {title: "Guest, median", number: true, of: (row) => whole(row.guest)},
        {title: "shortest", number: true, of: (row) => whole(row.low)},
        {title: "p99", number: true, of: (row) => whole(row.high)},
        {title: "Host, mean", number: true, of: (row) => whole(row.host)},
        {title: "shortest", number: true, of: (row) => row.host ? whole(row.hostLow) : "–"},
        {title: "longest", number: true, of: (row) => row.host ? whole(row.hostHigh) : "–"},
    ], rows)));
}

// Which exits there were, and where the time went.

function shareChart(parent, title, about, exits) {
    const all = sum(exits.map((row) => row.count)), time = sum(exits.map((row) => row.cycles));
    if (!(all > 0))
        return;
    const rows = exits.map((row) => ({...row, share: 100 * row.count / all, time: time > 0 ? 100 * row.cycles / time : 0}))
        .sort((a, b) => b.time - a.time || b.share - a.share);
    const shown = rows.slice(0, 12), rest = rows.slice(12);
    if (rest.length > 0)
        shown.push({exit_name: `${rest.length} others`, share: sum(rest.map((r) => r.share)), time: sum(rest.map((r) => r.time))});
    figure(parent, title, about, shown.length * 30 + 110, () => ({
        type: "bar",
        data: {labels: shown.map((row) => shortened(row.exit_name)), datasets: [
            {label: "of exits", data: shown.map((row) => row.share), backgroundColor: colour("guest")},
            ...time > 0 ? [{label: "of their time", data: shown.map((row) => row.time), backgroundColor: colour("host")}] : [],
        ]},
        options: {
            indexAxis: "y",
            scales: {x: {beginAtZero: true, title: {display: true, text: "per cent"}}, y: {ticks: {autoSkip: false}, grid: {display: false}}},
            plugins: {legend: {position: "top"}, tooltip: {callbacks: {label: (item) => `${item.dataset.label}: ${percent(item.raw)}`}}},
        },
    }));
    parent.append(details("As a table, like perf kvm stat", table(title, [
        {title: "VM exit", of: (row) => row.exit_name},
        {title: "Samples", number: true, of: (row) => whole(row.count)},
        {title: "Samples %", number: true, of: (row) => percent(row.share)},
        {title: "Time %", number: true, of: (row) => time > 0 ? percent(row.time) : "–"},
        {title: "Min", number: true, of: (row) => whole(row.min)},
        {title: "Max", number: true, of: (row) => whole(row.max)},
        {title: "Avg", number: true, of: (row) => row.count > 0 && time > 0 ? whole(row.cycles / row.count) : "–"},
        {title: "Tracepoint", number: true, of: (row) => whole(row.traced)},
    ], rows)));
}

// The whole ledger where the host showed it; otherwise what the triggers caused.
function exitsOf(run) {
    if (list(run.exits).length > 0)
        return {whole: true, exits: run.exits};
    const rows = new Map();
    for (const result of list(run.results)) {
        if (!(result.told > 0) || result.verdict === "skip")
            continue;
        const row = rows.get(result.exit) ?? {exit: result.exit, exit_name: result.exit_name, count: 0, cycles: 0};
        row.count += result.told;
        row.cycles += result.told * (result.host_cycles?.mean ?? 0);
        rows.set(result.exit, row);
    }
    return {whole: false, exits: [...rows.values()]};
}

// Verdict, findings, failures.

const kinds = Object.fromEntries([["pass", "pass"],
    ...["fail", "refused", "does-not-apply", "does-not-compile", "hangs", "crashes"].map((verdict) => [verdict, "fail"])]);
const verdicts = {ok: ["pass", "✓ ok"], "not ok": ["fail", "✗ not ok"], skip: ["other", "– skipped"]};

function verdictWord(verdict) {
    const [kind, text] = verdicts[verdict] ?? [kinds[verdict] ?? "other", verdict ?? "unknown"];
    return element("span", {class: `word ${kind}`}, text);
}

function banner(verdict, message, circumstances) {
    const sign = {pass: "✓ ", fail: "✗ "}[verdict] ?? "";
    return element("div", {class: `verdict ${kinds[verdict] ?? "other"}`},
        element("strong", {class: kinds[verdict] ?? "other"}, `${sign}${message || verdict || "no verdict"}`),
        element("div", {class: "muted small"}, circumstances));
}

const circumstances = (run) => [run.lane && `${run.lane} lane`, run.kernel, run.environment?.emulator && `emulated by ${run.environment.emulator}`,
    known(run.seconds) && `${run.seconds.toFixed(1)} s`].filter(known).join(" · ");

function tiles(pairs) {
    return element("ul", {class: "tiles"}, pairs.filter(([, value]) => known(value)).map(([name, value]) =>
        element("li", {}, element("b", {}, typeof value === "number" ? whole(value) : value), element("span", {class: "muted small"}, name))));
}

function findings(parent, document, results) {
    // Where nobody looked for findings, the guest's own words have to do.
    const found = Array.isArray(document.findings) ? document.findings : known(document.end?.message) ? [{text: document.end.message}] : [];
    if (found.length > 0) {
        parent.append(element("h3", {}, "Findings"), element("ul", {class: "findings"}, found.map((finding) => element("li", {},
            element("p", {}, finding.text),
            element("div", {class: "muted small"}, element("code", {}, finding.id ?? ""), finding.or ? [" or ", element("code", {}, finding.or)] : "",
                finding.source ? `, found by the ${finding.source}` : "",
                list(finding.explains).length > 0 ? `, explains ${finding.explains.join(", ")}` : "")))));
    }
    if (list(document.unexplained).length > 0)
        parent.append(element("p", {}, `Not explained by a finding: ${document.unexplained.join(", ")}`));
    for (const note of list(document.notes))
        parent.append(element("p", {}, "Note: ", note.text, " ", element("code", {class: "muted"}, note.id)));
    const failed = results.filter((result) => result.verdict === "not ok");
    if (failed.length > 0)
        parent.append(element("h3", {}, "Audits that failed"), table("Audits that failed", [
            {title: "Audit", of: (result) => result.name},
            {title: "What was seen", wide: true, of: (result) => result.message},
            {title: "Likely cause", wide: true, of: (result) => [result.diagnosis,
                list(result.table).length > 0 && element("pre", {}, result.table.join("\n"))].filter(Boolean)},
        ], failed, true));
    else if (found.length === 0 && document.verdict === "pass")
        parent.append(element("p", {}, "No findings: every audit that could be made here holds."));
}

// What was audited.

const emulatedClock = (emulator) => emulator.startsWith("Bochs")
    ? "Bochs's clock advances by the instructions that it emulates, so a cycle is about an instruction of host and guest."
    : "QEMU's emulated clock follows the machine's time, so cycles tell how long the emulation took.";

function pairs(entries) {
    return element("dl", {}, entries.filter(([, value]) => known(value)).flatMap(([name, value]) =>
        [element("dt", {}, name), element("dd", {}, value)]));
}

const named = (values) => Object.entries(values ?? {}).map(([name, value]) => element("div", {}, element("code", {}, name), ` ${value}`));

function environment(parent, run) {
    const host = run.environment?.host ?? {}, guest = run.run ?? {}, emulator = run.environment?.emulator;
    const mitigations = named(host.vulnerabilities), parameters = named(host.kvm_parameters);
    parent.append(element("h3", {}, "Environment"), pairs([
        ["Lane", run.lane],
        ["Host's processor", [host.cpu, known(host.mhz) && `${host.mhz} MHz`].filter(known).join(", ")],
        ["Host's kernel", run.kernel],
        ["Kernel command line", host.command_line && element("code", {}, host.command_line)],
        ["Mitigations", known(host.cpu) && (mitigations.length > 0 ? mitigations : "none of the known vulnerabilities affects this processor")],
        ["KVM's parameters", parameters.length > 0 && details(`${parameters.length} of them`, parameters)],
        ["Emulator", emulator && `${emulator}, on ${run.environment.machine?.cpu ?? "an unknown processor"}, ${run.environment.machine?.kernel ?? ""}`],
        ["QEMU", run.qemu],
        ["Guest", [guest.boot && `booted by ${guest.boot}`, guest.vendor, known(guest.vcpus) && `${guest.vcpus} vCPU${guest.vcpus === 1 ? "" : "s"}`].filter(known).join(", ")],
        ["Plan", guest.plan && element("code", {}, guest.plan)],
        ["Ledger", known(guest.layout) && `layout ${guest.layout}${known(guest.ledger) ? `, revision ${guest.ledger}` : ""}`],
        ["A cycle", emulator ? emulatedClock(emulator) : "a tick of the processor's time stamp counter"],
    ]));
}

// Every audit.

function audits(parent, run) {
    const results = [...list(run.results), ...list(run.host)];
    const rows = table("Every audit", [
        {title: "Audit", of: (result) => result.name},
        {title: "Verdict", of: (result) => verdictWord(result.verdict)},
        {title: "What was seen", wide: true, of: (result) => result.message},
        {title: "Exit", of: (result) => result.exit_name},
        {title: "Caused", number: true, of: (result) => whole(result.caused)},
        {title: "Told", number: true, of: (result) => whole(result.told)},
        {title: "Guest, median", number: true, of: (result) => whole(result.guest_cycles?.median)},
        {title: "Host, mean", number: true, of: (result) => whole(result.host_cycles?.mean)},
        {title: "in KVM", number: true, of: (result) => whole(result.host_cycles?.inside)},
    ], results, true);
    const choice = element("select", {"aria-label": "Verdict"}, ["all", "ok", "not ok", "skip"].map((v) => element("option", {value: v}, v)));
    const name = element("input", {type: "search", placeholder: "name", "aria-label": "Name contains"});
    const lines = [...rows.querySelectorAll("tbody tr")];
    const filter = () => lines.forEach((line, index) => {
        const result = results[index];
        line.hidden = (choice.value !== "all" && result.verdict !== choice.value) || !String(result.name).includes(name.value.trim());
    });
    choice.addEventListener("change", filter);
    name.addEventListener("input", filter);
    parent.append(element("h3", {}, "Every audit"),
        element("p", {class: "muted small"}, "Cycles are per firing as the guest saw them, and per exit as the host told them."),
        element("div", {class: "filter"}, choice, name), rows);
}

// The kinds of documents.

function showRun(parent, run) {
    const results = [...list(run.results), ...list(run.host)];
    const having = (verdict) => list(run.results).filter((result) => result.verdict === verdict).length;
    const judged = list(run.host).filter((result) => result.verdict !== "skip");
    const {whole: complete, exits} = exitsOf(run);
    parent.append(banner(run.verdict, run.message, circumstances(run)),
        tiles([["audits passed", having("ok")], ["failed", having("not ok")], ["skipped", having("skip")],
            ["of the host's instruments agree", judged.length > 0 && `${judged.filter((result) => result.verdict === "ok").length} of ${judged.length}`],
            ["exits counted", sum(exits.map((row) => row.count)) || null]]));
    findings(parent, run, results);
    costChart(parent, list(run.results), run.environment?.emulator);
    shareChart(parent, "Share of exits and of their time, by reason", complete
        ? "All exits of the guest's life, by the ledger's final state. Time is all that passed from an exit to the next entry."
        : "The exits that the triggers caused, as the ledger told them.", exits);
    environment(parent, run);
    audits(parent, run);
}

function showGrade(parent, document) {
    const rows = list(document.rows);
    const said = (what, remarks) => list(remarks).map((remark) => element("p", {}, what, remark.lane && `${remark.lane}: `, remark.text, " ",
        element("code", {class: "muted"}, remark.id)));
    parent.append(table("Patches", [
        {title: "Patch", of: (row) => row.patch},
        {title: "Builds", of: (row) => row.builds === true ? "yes" : row.builds === false ? "no" : "–"},
        {title: "Layout", of: (row) => row.layout},
        {title: "Verdict", of: (row) => verdictWord(row.verdict)},
        {title: "Findings", wide: true, of: (row) => [...said("", row.findings), ...said("note: ", row.notes)]},
    ], rows));
    for (const row of rows)
        for (const lane of list(row.lanes))
            if (lane.report && typeof lane.report === "object") {
                parent.append(element("h2", {}, `${row.patch}, ${lane.lane} lane`));
                showRun(parent, lane.report);
            }
}

// Rates between each two samples, of the most frequent reasons.
function bootChart(parent, boot) {
    const samples = list(boot.samples);
    if (samples.length < 2)
        return;
    const last = samples[samples.length - 1].counts ?? {};
    const names = Object.keys(last).sort((a, b) => last[b] - last[a]);
    const shown = names.slice(0, 6), rest = names.slice(6);
    const rate = (count) => samples.slice(1).map((sample, index) => ({x: sample.t_s,
        y: (count(sample.counts ?? {}) - count(samples[index].counts ?? {})) / (sample.t_s - samples[index].t_s)}));
    const of = (name) => (counts) => counts[name] ?? 0;
    const lines = [...shown.map((name) => [name, rate(of(name))]),
        ...rest.length > 0 ? [[`${rest.length} others`, rate((counts) => sum(rest.map((name) => counts[name] ?? 0)))]] : []];
    const phases = list(boot.phases);
    const marks = {id: "phases", afterDatasetsDraw({ctx, scales: {x}, chartArea}) {
        ctx.save();
        ctx.strokeStyle = ctx.fillStyle = colour("muted");
        ctx.font = "11px system-ui, sans-serif";
        ctx.setLineDash([4, 4]);
        for (const phase of phases) {
            const at = x.getPixelForValue(phase.start_s), end = x.getPixelForValue(phase.end_s);
            ctx.beginPath();
            ctx.moveTo(at, chartArea.top);
            ctx.lineTo(at, chartArea.bottom);
            ctx.stroke();
            if (ctx.measureText(phase.name).width < end - at - 6)
                ctx.fillText(phase.name, at + 4, chartArea.top + 12);
        }
        ctx.restore();
    }};
    figure(parent, "Exits over time", "Exits per second between each two looks at the ledger, by reason; dashed: where a phase begins.", 380, () => ({
        type: "line",
        plugins: [marks],
        data: {datasets: lines.map(([label, data], index) => ({label, data, borderColor: colour(`s${index + 1}`),
            backgroundColor: colour(`s${index + 1}`), borderWidth: 2, pointRadius: 0, pointHitRadius: 8}))},
        options: {
            interaction: {mode: "index", intersect: false},
            scales: {x: {type: "linear", title: {display: true, text: "seconds"}, min: samples[0].t_s, max: samples[samples.length - 1].t_s},
                y: {beginAtZero: true, title: {display: true, text: "exits per second"}, ticks: {callback: compact}}},
            plugins: {legend: {position: "top"}},
        },
    }));
}

const rowsOf = (exits) => Object.entries(exits ?? {}).map(([exit_name, row]) => ({exit_name, ...row}));

function showBoot(parent, boot) {
    parent.append(banner(boot.verdict, boot.message, circumstances(boot)));
    findings(parent, boot, list(boot.results));
    bootChart(parent, boot);
    const phases = list(boot.phases);
    if (phases.length > 0)
        parent.append(element("h3", {}, "Phases"), table("Phases", [
            {title: "Phase", of: (phase) => phase.name},
            {title: "From, s", number: true, of: (phase) => phase.start_s?.toFixed(2)},
            {title: "To, s", number: true, of: (phase) => phase.end_s?.toFixed(2)},
            {title: "Exits", number: true, of: (phase) => whole(sum(rowsOf(phase.exits).map((row) => row.count)))},
            {title: "Most of them", wide: true, of: (phase) => rowsOf(phase.exits).sort((a, b) => b.count - a.count).slice(0, 3)
                .map((row) => `${row.exit_name} ${whole(row.count)}`).join(", ")},
        ], phases));
    shareChart(parent, "Share of exits and of their time, by reason", "Of the whole boot.", rowsOf(boot.totals?.exits));
    environment(parent, boot);
}

// A grade has a verdict for each patch only.
function overall(document) {
    if (document.kind !== "grade")
        return {verdict: document.verdict, message: document.message};
    const rows = list(document.rows), passed = rows.filter((row) => row.verdict === "pass").length;
    return {verdict: passed === rows.length ? "pass" : "fail", message: `${passed} of ${rows.length} patches pass`};
}

const shows = {run: showRun, grade: showGrade, boot: showBoot};

function show() {
    const documents = JSON.parse(document.getElementById("documents").textContent);
    const page = document.getElementById("page");
    const titles = documents.map(({file, document: d}) => `${file}${overall(d).verdict ? `: ${overall(d).verdict}` : ""}`);
    document.title = `Exit Audit: ${titles.join(", ")}`;
    if (documents.length > 1)
        page.append(table("Documents", [
            {title: "Document", of: (row) => element("a", {href: `#document-${row.index}`}, row.file)},
            {title: "Verdict", of: (row) => verdictWord(overall(row.document).verdict)},
            {title: "", wide: true, of: (row) => [overall(row.document).message, " ", element("span", {class: "muted"}, circumstances(row.document))]},
        ], documents.map((entry, index) => ({...entry, index}))));
    documents.forEach(({file, document: d}, index) => {
        const section = element("section", {id: `document-${index}`}, element("h2", {}, file));
        page.append(section);
        shows[d.kind](section, d);
    });
    document.getElementById("footer").append(`Made by exitaudit report. Charts by Chart.js ${Chart.version}, © its contributors, MIT License.`);
    draw();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    document.documentElement.dataset.drawn = String(charts.length);
}

show();
})();
