// The charts of what exits cost and of which there were, each with its figures in a table below, by Chart.js.
"use strict";

// Drawn anew when the colours change.
const charts = [];
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function figure(parent, title, caption, height, configure, heading = "h3") {
    const canvas = element("canvas", {role: "img", "aria-label": `${title}. ${caption} The table below has the figures.`});
    // Set by script: the page's policy lets no style attribute through.
    const box = element("div", {class: "canvas"}, canvas);
    box.style.height = `${height}px`;
    parent.append(element(heading, {}, title), element("figure", {}, element("figcaption", {}, caption), box));
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

function costChart(parent, run) {
    const rows = costs(list(run.results)), unit = unitOf(run), title = `${capital(unit)} per exit`;
    if (rows.length === 0)
        return;
    const points = (offset, value, low, high) => rows.map((row, index) =>
        ({x: row[value], y: index + offset, low: row[low], high: row[high], name: row.name})).filter((point) => point.x > 0);
    const series = (label, name, style, data) => ({label, data, pointStyle: style, pointRadius: 5, pointHoverRadius: 7,
        backgroundColor: colour(name), borderColor: colour(name)});
    const least = Math.min(...rows.flatMap((row) => [row.low, row.hostLow]).filter((value) => value > 0));
    const most = Math.max(...rows.flatMap((row) => [row.high, row.hostHigh]));
    figure(parent, `${title}, by reason`,
        "Guest: the median that its own clock saw from before an instruction to after it, and a line from the shortest to the " +
        "99th percentile. Host: the mean that the ledger told, and a line from its shortest to its longest. Logarithmic. " +
        (run.environment?.emulator ? "On an emulated processor, compare exits with one another, not with hardware." : ""),
        rows.length * 26 + 110, () => ({
            type: "scatter",
            plugins: [ranges],
            data: {datasets: [
                series("guest saw (median)", "guest", "circle", points(-0.17, "guest", "low", "high")),
                series("host told (mean)", "host", "rectRot", points(0.17, "host", "hostLow", "hostHigh")),
            ].filter((dataset) => dataset.data.length > 0)},
            options: {
                scales: {
                    x: {type: "logarithmic", min: least / 1.3, max: most * 1.3, title: {display: true, text: unit},
                        ticks: {maxRotation: 0, autoSkipPadding: 12, callback: (value) => isRound(value) ? compact(value) : null}},
                    y: {min: -0.7, max: rows.length - 0.3, reverse: true, afterBuildTicks: (axis) => {
                        axis.ticks = rows.map((row, index) => ({value: index}));
                    }, ticks: {autoSkip: false, callback: (value) => shortened(rows[value]?.name ?? "")}},
                },
                plugins: {legend: {position: "top", labels: {usePointStyle: true, boxHeight: 7}}, tooltip: {callbacks: {label: (item) =>
                    `${item.raw.name}: ${whole(item.raw.x)} (${whole(item.raw.low)} to ${whole(item.raw.high)})`}}},
            },
        }));
    parent.append(details("As a table", table(title, [
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

// Findings by the number of submissions that have them, from the rows of a grade.
function findingsChart(parent, rows) {
    const counts = new Map();
    for (const row of rows)
        for (const id of new Set(list(row.findings).map((finding) => finding.id)))
            counts.set(id, (counts.get(id) ?? 0) + 1);
    const found = [...counts].map(([id, count]) => ({id, count})).sort((a, b) => b.count - a.count || a.id.localeCompare(b.id));
    if (rows.length < 2 || found.length === 0)
        return;
    const title = "Findings, by number of submissions", about = `Of ${rows.length} submissions. A finding of both lanes counts once.`;
    figure(parent, title, about, found.length * 26 + 110, () => ({
        type: "bar",
        data: {labels: found.map(({id}) => shortened(id)), datasets: [
            {label: "submissions", data: found.map(({count}) => count), backgroundColor: colour("guest")}]},
        options: {
            indexAxis: "y",
            scales: {x: {beginAtZero: true, ticks: {precision: 0}, title: {display: true, text: "submissions"}},
                y: {ticks: {autoSkip: false}, grid: {display: false}}},
            plugins: {legend: {display: false}},
        },
    }));
    parent.append(details("As a table", table(title, [
        {title: "Finding", of: ({id}) => id},
        {title: "Submissions", number: true, of: ({count}) => whole(count)},
        {title: "Share", number: true, of: ({count}) => percent(100 * count / rows.length)},
    ], found)));
}
