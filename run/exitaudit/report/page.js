// Draws the page from its documents (docs/json.md).
"use strict";

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
        parent.append(element("p", {}, noFindings(document.run)));
}

const noFindings = (run) => run?.costs !== 1 ? "No findings: every audit that could be made here holds."
    : String(run.plan).includes("marks=yes") ? "No findings: the host's instruments agree wherever they were judged."
    : "Only costs were measured: no counts were judged.";

function clockOf(run) {
    const emulator = run.environment?.emulator;
    if (!emulator)
        return "a tick of the processor's time stamp counter";
    if (isExact(run))
        return "an instruction: QEMU's clock counts those of host and guest";
    return emulator.startsWith("Bochs")
        ? "Bochs's clock advances by the instructions that it emulates, so a cycle is about an instruction of host and guest."
        : "QEMU's emulated clock follows the machine's time, so cycles tell how long the emulation took.";
}

function pairs(entries) {
    return element("dl", {}, entries.filter(([, value]) => known(value)).flatMap(([name, value]) =>
        [element("dt", {}, name), element("dd", {}, value)]));
}

const named = (values) => Object.entries(values ?? {}).map(([name, value]) => element("div", {}, element("code", {}, name), ` ${value}`));

function environment(parent, run) {
    const host = run.environment?.host ?? {}, guest = run.run ?? run.guest ?? {}, emulator = run.environment?.emulator;
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
        ["Guest", [guest.boot && `booted by ${guest.boot}`, guest.vendor, known(guest.vcpus) && `${guest.vcpus} vCPU${guest.vcpus === 1 ? "" : "s"}`,
            known(guest.memory_mib) && `${guest.memory_mib} MiB`, guest.machine, guest.devices && `${guest.devices} devices`,
            guest.kernel_image && `kernel ${guest.kernel_image}`, guest.initrd && `initramfs ${guest.initrd}`,
            guest.disk && `disk ${guest.disk}`, guest.nested_paging === false && "shadow paging"].filter(known).join(", ")],
        ["Plan", guest.plan && element("code", {}, guest.plan)],
        ["Ledger", known(guest.layout) && `layout ${guest.layout}${known(guest.ledger) ? `, revision ${guest.ledger}` : ""}`],
        ["A cycle", clockOf(run)],
    ]));
}

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
        element("p", {class: "muted small"}, `${capital(unitOf(run))} are per firing as the guest saw them, and per exit as the host told them.`),
        element("div", {class: "filter"}, choice, name), rows);
}

// How many of the host's instruments agree with the ledger, of those that could tell.
function agreeing(document) {
    const judged = list(document.host).filter((result) => String(result.name).startsWith("host.") && result.verdict !== "skip");
    return ["of the host's instruments agree", judged.length > 0 && `${judged.filter((result) => result.verdict === "ok").length} of ${judged.length}`];
}

function showRun(parent, run) {
    const results = [...list(run.results), ...list(run.host)];
    const having = (verdict) => list(run.results).filter((result) => result.verdict === verdict).length;
    const {whole: complete, exits} = exitsOf(run);
    parent.append(banner(run.verdict, run.message, circumstances(run)),
        tiles([[run.run?.costs === 1 ? "triggers measured" : "audits passed", having("ok")], ["failed", having("not ok")], ["skipped", having("skip")],
            agreeing(run), ["exits counted", sum(exits.map((row) => row.count)) || null]]));
    findings(parent, run, results);
    costChart(parent, run);
    shareChart(parent, "Share of exits and of their time, by reason", complete
        ? "All exits of the guest's life, by the ledger's final state. Time is all that passed from an exit to the next entry."
        : "The exits that the triggers caused, as the ledger told them.", exits);
    histogramCharts(parent, exits);
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
        ...rows.some((row) => known(row.points)) ? [{title: "Score", number: true, of: (row) =>
            known(row.points?.score) ? `${row.points.score} of ${row.points.max}` : "–"}] : [],
        {title: "Findings", wide: true, of: (row) => [...said("", row.findings), ...said("note: ", row.notes)]},
    ], rows));
    findingsChart(parent, rows);
    for (const row of rows)
        for (const lane of list(row.lanes))
            if (lane.report && typeof lane.report === "object") {
                parent.append(element("h2", {}, `${row.patch}, ${lane.lane} lane`));
                showRun(parent, lane.report);
            }
}

const rowsOf = (exits) => Object.entries(exits ?? {}).map(([exit_name, row]) => ({exit_name, ...row}));

function showBoot(parent, boot) {
    const phases = list(boot.phases), exits = (part) => totalOf(part?.exits);
    const rate = (phase) => phase.end_s > phase.start_s ? exits(phase) / (phase.end_s - phase.start_s) : null;
    parent.append(banner(boot.verdict, boot.message, circumstances(boot)),
        tiles([["exits counted", exits(boot.totals) || null], ["phases", phases.length || null], agreeing(boot)]));
    findings(parent, boot, list(boot.host));
    if (list(boot.summary).length > 0)
        parent.append(element("h3", {}, "In short"), element("ul", {class: "summary"},
            boot.summary.map((sentence) => element("li", {}, sentence))));
    bootChart(parent, boot);
    if (phases.length > 0)
        parent.append(element("h3", {}, "Phases"), table("Phases", [
            {title: "Phase", of: (phase) => phase.name},
            {title: "What it does", of: (phase) => phase.note},
            {title: "From, s", number: true, of: (phase) => phase.start_s?.toFixed(2)},
            {title: "To, s", number: true, of: (phase) => phase.end_s?.toFixed(2)},
            {title: "Exits", number: true, of: (phase) => whole(exits(phase))},
            {title: "Exits/s", number: true, of: (phase) => whole(rate(phase))},
            {title: "Most of them", wide: true, of: (phase) => rowsOf(phase.exits).sort((a, b) => b.count - a.count).slice(0, 3)
                .map((row) => `${row.exit_name} ${whole(row.count)}`).join(", ")},
        ], phases));
    if (list(boot.host).length > 0)
        parent.append(element("h3", {}, "Checks"), table("Checks", [
            {title: "Check", of: (result) => result.name},
            {title: "Verdict", of: (result) => verdictWord(result.verdict)},
            {title: "What was seen", wide: true, of: (result) => result.message},
        ], boot.host));
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
    const boots = documents.filter(({document: d}) => d.kind === "boot");
    if (boots.length > 1)
        bootsSideBySide(page, boots);
    const costs = documents.filter(({document: d}) => d.run?.costs === 1);
    if (costs.length > 1)
        costsSideBySide(page, costs);
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
