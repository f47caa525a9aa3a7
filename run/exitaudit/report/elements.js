// What the page is built of. Text reaches it as text nodes only, never as markup.
"use strict";

const list = (value) => Array.isArray(value) ? value : [];
const known = (value) => value !== null && value !== undefined && value !== false && value !== "";
const whole = (value) => known(value) && Number.isFinite(value) ? Math.round(value).toLocaleString("en") : "–";
const percent = (value) => Number.isFinite(value) ? `${value.toFixed(value < 10 ? 2 : 1)} %` : "–";
const capital = (word) => word[0].toUpperCase() + word.slice(1);
// `run --exact`: the host's clock counts instructions.
const isExact = (run) => run.lane === "svm-icount";
const unitOf = (run) => isExact(run) ? "instructions" : "cycles";
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
