// Exits over time: how fast each reason grows, and where a boot's phases begin.
"use strict";

// As stretches() in boot/log.cpp divides the time for the text's table: samples at marks follow each other
// at once, and a rate between two such would be noise.
function stretchesOf(samples) {
    if (samples.length < 2)
        return [];
    const last = samples[samples.length - 1], shortest = last.t_s / 24;
    const stretches = [];
    let begin = samples[0];
    for (const sample of samples)
        if (sample.t_s > begin.t_s && sample.t_s - begin.t_s >= shortest) {
            stretches.push({begin, end: sample});
            begin = sample;
        }
    if (stretches.length > 0)
        stretches[stretches.length - 1].end = last;
    return stretches;
}

// Of labels {from, to}, in pixels and in order: the row of each, so that none covers another.
function rowsOfLabels(labels) {
    const ends = [];
    return labels.map(({from, to}) => {
        const free = ends.findIndex((end) => end < from), row = free < 0 ? ends.length : free;
        ends[row] = to;
        return row;
    });
}

// A dashed line where each phase begins, and beside it the name.
const phaseMarks = (phases) => ({id: "phases", afterDatasetsDraw({ctx, scales: {x}, chartArea}) {
    const gap = 4, height = 14;
    ctx.save();
    ctx.font = "11px system-ui, sans-serif";
    ctx.textBaseline = "middle";
    const labels = phases.map(({name, start_s}) => {
        const at = x.getPixelForValue(start_s), width = ctx.measureText(name).width;
        const from = at + gap + width < chartArea.right ? at + gap : at - gap - width;
        return {name, at, from, to: from + width + gap};
    });
    ctx.strokeStyle = colour("muted");
    ctx.setLineDash([4, 4]);
    for (const {at} of labels) {
        ctx.beginPath();
        ctx.moveTo(at, chartArea.top);
        ctx.lineTo(at, chartArea.bottom);
        ctx.stroke();
    }
    const rows = rowsOfLabels(labels);
    labels.forEach(({name, from, to}, index) => {
        const top = chartArea.top + rows[index] * height;
        ctx.fillStyle = colour("paper");
        ctx.fillRect(from - 1, top, to - from - gap + 2, height);
        ctx.fillStyle = colour("ink");
        ctx.fillText(name, from, top + height / 2);
    });
    ctx.restore();
}});

// The most frequent reasons, and the others together, with what each had by a sample.
function reasonsOf(counts) {
    const names = Object.keys(counts).sort((a, b) => counts[b] - counts[a]);
    const shown = names.slice(0, 6), rest = names.slice(6);
    const reasons = shown.map((name) => ({name, had: (sample) => sample.counts?.[name] ?? 0}));
    if (rest.length > 0)
        reasons.push({name: `${rest.length} others`, had: (sample) => sum(rest.map((name) => sample.counts?.[name] ?? 0))});
    return reasons;
}

function bootChart(parent, boot) {
    const stretches = stretchesOf(list(boot.samples));
    if (stretches.length === 0)
        return;
    const reasons = reasonsOf(stretches[stretches.length - 1].end.counts ?? {});
    const rate = ({had}, {begin, end}) => (had(end) - had(begin)) / (end.t_s - begin.t_s);
    const span = ({begin, end}) => `${begin.t_s.toFixed(1)} to ${end.t_s.toFixed(1)} s`;
    // Level from end to end: how the exits lie in between nobody knows.
    const steps = (reason) => stretches.flatMap((stretch) => [stretch.begin, stretch.end].map(({t_s}) =>
        ({x: t_s, y: rate(reason, stretch), span: span(stretch)})));
    figure(parent, "Exits over time", "Exits per second, by reason, on average between two looks at the ledger; dashed: where a phase begins.",
        420, () => ({
            type: "line",
            plugins: [phaseMarks(list(boot.phases))],
            data: {datasets: reasons.map((reason, index) => ({label: reason.name, data: steps(reason), borderColor: colour(`s${index + 1}`),
                backgroundColor: colour(`s${index + 1}`), borderWidth: 2, pointRadius: 0, pointHitRadius: 8}))},
            options: {
                interaction: {mode: "index", intersect: false},
                scales: {x: {type: "linear", title: {display: true, text: "seconds"}, min: stretches[0].begin.t_s,
                    max: stretches[stretches.length - 1].end.t_s},
                // Room above for the phases' names.
                y: {beginAtZero: true, grace: "25%", title: {display: true, text: "exits per second"}, ticks: {callback: compact}}},
                plugins: {legend: {position: "top"}, tooltip: {callbacks: {title: ([item]) => item?.raw.span ?? ""}}},
            },
        }));
    parent.append(details("As a table", table("Exits per second", [
        {title: "Seconds", of: span},
        ...reasons.map((reason) => ({title: reason.name, number: true, of: (stretch) => whole(rate(reason, stretch))})),
    ], stretches)));
}
