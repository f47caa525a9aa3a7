// Boots, or measured costs, of one page side by side: what a variant changes.
"use strict";

const countsOf = (exits) => Object.entries(exits ?? {}).map(([name, {count}]) => [name, count]);
const totalOf = (exits) => sum(countsOf(exits).map(([, count]) => count));

// A row for each name that any boot has, with each boot's count of it, where it has one.
function rowsAcross(boots, namedCounts) {
    const rows = new Map();
    boots.forEach(({document}, index) => {
        for (const [name, count] of namedCounts(document)) {
            const row = rows.get(name) ?? {name, counts: boots.map(() => null)};
            row.counts[index] = (row.counts[index] ?? 0) + count;
            rows.set(name, row);
        }
    });
    return [...rows.values()];
}

function chartAcross(parent, title, caption, boots, rows, shown, x = {beginAtZero: true, title: {display: true, text: "exits"}}) {
    const drawn = rows.slice(0, shown);
    figure(parent, title, caption, drawn.length * (14 * boots.length + 14) + 110, () => ({
        type: "bar",
        data: {labels: drawn.map(({name}) => shortened(name)), datasets: boots.map(({file}, index) =>
            ({label: file, data: drawn.map(({counts}) => counts[index]), backgroundColor: colour(`s${index % 7 + 1}`)}))},
        options: {
            indexAxis: "y",
            scales: {x: {...x, ticks: {maxRotation: 0, callback: compact}}, y: {ticks: {autoSkip: false}, grid: {display: false}}},
            plugins: {legend: {position: "top"}},
        },
    }));
    parent.append(details("As a table", table(title, [
        {title: "", of: ({name}) => name},
        ...boots.map(({file}, index) => ({title: file, number: true, of: ({counts}) => whole(counts[index])})),
    ], rows)));
}

function bootsSideBySide(parent, boots) {
    const most = ({counts}) => Math.max(...counts), shown = 10;
    const reasons = rowsAcross(boots, ({totals}) => countsOf(totals?.exits)).sort((a, b) => most(b) - most(a));
    const phases = rowsAcross(boots, (boot) => list(boot.phases).map(({name, exits}) => [name, totalOf(exits)]));
    if (reasons.length === 0)
        return;
    parent.append(element("h2", {}, "Boots side by side"));
    chartAcross(parent, "Exits of each boot, by reason", `Of the whole boots, the ${Math.min(shown, reasons.length)} most frequent reasons.`,
        boots, reasons, shown);
    chartAcross(parent, "Exits of each boot, by phase", "All reasons together.", boots, phases, phases.length);
}

function costsSideBySide(parent, runs) {
    const spread = ({counts}) => Math.max(...counts) / Math.min(...counts.map((count) => count ?? Infinity)), shown = 30;
    const rows = rowsAcross(runs, ({results}) => list(results).filter((result) => result.guest_cycles?.median > 0)
        .map((result) => [result.name, result.guest_cycles.median])).sort((a, b) => spread(b) - spread(a));
    const unit = runs.every(({document}) => isExact(document)) ? "instructions" : "each host's own cycles";
    if (rows.length === 0)
        return;
    parent.append(element("h2", {}, "Costs side by side"));
    chartAcross(parent, "What a firing costs", `Medians, in ${unit}: the ${Math.min(shown, rows.length)} triggers that differ most. Logarithmic.`,
        runs, rows, shown, {type: "logarithmic", title: {display: true, text: unit}});
}
