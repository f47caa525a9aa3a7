// How long exits took, where the host keeps histograms: a small chart for each exit reason.
"use strict";

// The longest time of bucket k, in cycles.
const lastOf = (k) => 2 ** (k + 1) - 1;
const firstOf = (k) => k === 0 ? 0 : 2 ** k;

// Counts of all buckets from the first to the last that is not empty: {k, count}.
function bucketsOf(row) {
    const counts = new Map(list(row.buckets).filter((pair) => Number.isInteger(pair?.[0]) && pair[0] >= 0 && pair[0] < 64 && pair[1] > 0));
    const first = Math.min(...counts.keys()), last = Math.max(...counts.keys());
    return counts.size === 0 ? [] : Array.from({length: last - first + 1}, (_, i) => ({k: first + i, count: counts.get(first + i) ?? 0}));
}

// Within how many cycles this part of the exits ended.
function quantileOf(buckets, part) {
    let left = part * sum(buckets.map(({count}) => count));
    return lastOf(buckets.find(({count}) => (left -= count) <= 0).k);
}

function histogramCharts(parent, exits) {
    const rows = exits.map((row) => ({...row, buckets: bucketsOf(row)})).filter(({buckets}) => buckets.length > 0)
        .sort((a, b) => b.cycles - a.cycles);
    if (rows.length === 0)
        return;
    const box = element("div", {class: "side-by-side"}), shown = rows.slice(0, 12);
    parent.append(element("h3", {}, "How long exits took"), element("p", {class: "muted small"},
        `Exits by their time from exit to next entry, in powers of two of cycles; both axes are logarithmic. The ${shown.length} reasons that took most of the time.`), box);
    for (const {exit_name, buckets} of shown) {
        const part = element("div");
        box.append(part);
        figure(part, exit_name, `Half of the exits ended within ${whole(quantileOf(buckets, 0.5))} cycles, 99 % within ${whole(quantileOf(buckets, 0.99))}.`,
            140, () => ({
                type: "bar",
                data: {labels: buckets.map(({k}) => compact(firstOf(k))), datasets: [
                    {label: "exits", data: buckets.map(({count}) => count), backgroundColor: colour("host"), categoryPercentage: 1, barPercentage: 0.95}]},
                options: {
                    scales: {x: {grid: {display: false}, ticks: {maxRotation: 0, autoSkipPadding: 8}},
                        // One exit shows, too.
                        y: {type: "logarithmic", min: 0.5, ticks: {maxTicksLimit: 4, callback: (value) => isRound(value) && value >= 1 ? compact(value) : null}}},
                    plugins: {legend: {display: false}, tooltip: {callbacks: {title: ([{dataIndex}]) =>
                        `${whole(firstOf(buckets[dataIndex].k))} to ${whole(lastOf(buckets[dataIndex].k))} cycles`}}},
                },
            }), "h4");
    }
    parent.append(details("As a table", table("How long exits took", [
        {title: "Exit", of: (row) => row.exit_name},
        {title: "From, cycles", number: true, of: ({k}) => whole(firstOf(k))},
        {title: "To", number: true, of: ({k}) => whole(lastOf(k))},
        {title: "Exits", number: true, of: ({count}) => whole(count)},
    ], rows.flatMap(({exit_name, buckets}) => buckets.filter(({count}) => count > 0).map((bucket) => ({exit_name, ...bucket}))), true)));
}
