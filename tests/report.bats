#!/usr/bin/env bats
# The page of `exitaudit report` in a real browser, driven by WebDriver (chromedriver).
# KEEP=DIR keeps the pictures.

load expect

patience=60 # of wait_for, in seconds

setup_file() {
    root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    export root page="$BATS_FILE_TMPDIR/page.html" port=$((20000 + RANDOM % 10000)) session
    jq '.totals.exits.HLT.count = 199 | .totals.exits.CPUID.count = 7 | del(.phases[0])' "$root/tests/report/boot.json" >"$BATS_FILE_TMPDIR/variant.json"
    jq '.exits[0].buckets = [[9, 2100], [10, 2000], [12, 99], [14, 1]] | .exits[1].buckets = [[11, 300], ["x", 1], [64, 1], null] |
        .exits[2].buckets = [[0, 7]]' "$root/tests/report/run.json" >"$BATS_FILE_TMPDIR/run.json"
    "$root/build/exitaudit" report "$BATS_FILE_TMPDIR/run.json" "$root"/tests/report/{boot,grade}.json "$BATS_FILE_TMPDIR/variant.json" -o "$page"
    chromedriver --port="$port" >"$BATS_FILE_TMPDIR/log" 2>&1 3>&- &
    echo $! >"$BATS_FILE_TMPDIR/driver"
    local options
    options=$(jq -n --arg profile "$BATS_FILE_TMPDIR/profile" '{capabilities: {alwaysMatch: {
        "goog:loggingPrefs": {browser: "ALL", performance: "ALL"},
        "goog:chromeOptions": {args: ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--user-data-dir=\($profile)"]}}}}')
    for _ in {1..60}; do
        session=$(curl -s -d "$options" "localhost:$port/session" | jq -r '.value.sessionId // empty') && [ "$session" ] && break
        sleep 1
    done
    [ "$session" ]
    # The browser's own first page asks for things, too.
    ask url '{"url": "about:blank"}'
    ask se/log '{"type": "performance"}' >/dev/null
}

teardown_file() {
    curl -s -X DELETE "localhost:$port/session/$session" >/dev/null || true
    kill "$(cat "$BATS_FILE_TMPDIR/driver")"
}

ask() { # COMMAND PARAMETERS
    curl -sS -d "$2" "localhost:$port/session/$session/$1" |
        jq 'if .value | type == "object" and has("error") then error(.value.message) else .value end | values'
}

evaluate() { # a JavaScript expression
    ask execute/sync "$(jq -n --arg script "return $1" '{script: $script, args: []}')"
}

devtools() { # COMMAND PARAMETERS
    ask goog/cdp/execute "$(jq -n --arg cmd "$1" --argjson params "$2" '{cmd: $cmd, params: $params}')"
}

window() { # WIDTH HEIGHT
    devtools Emulation.setDeviceMetricsOverride "{\"width\": $1, \"height\": $2, \"deviceScaleFactor\": 1, \"mobile\": false}" >/dev/null
}

# Charts are drawn some frames after the page has loaded or changed its width. None is empty.
drawn() {
    [ "$(evaluate '[...document.querySelectorAll("canvas")].every((c) =>
        new Set(new Uint32Array(c.getContext("2d").getImageData(0, 0, c.width, c.height).data.buffer)).size > 8)')" = true ]
}

show() { # WIDTH light|dark
    devtools Emulation.setEmulatedMedia "{\"features\": [{\"name\": \"prefers-color-scheme\", \"value\": \"$2\"}]}" >/dev/null
    window "$1" 900
    ask url "{\"url\": \"file://$page\"}" >/dev/null
    wait_for drawn
}

# What draws, its colours, and that it fits.
check_page() { # WIDTH light|dark
    show "$1" "$2"
    [ "$(evaluate 'document.documentElement.dataset.drawn')" = '"14"' ]
    [ "$(evaluate 'document.documentElement.scrollWidth <= innerWidth')" = true ]
    local light
    light=$(evaluate 'getComputedStyle(document.body).backgroundColor === "rgb(255, 255, 255)"')
    [ "$light" = "$([ "$2" = light ] && echo true || echo false)" ]
    [ "${KEEP-}" ] || return 0
    window "$1" "$(evaluate 'document.documentElement.scrollHeight')"
    wait_for drawn
    devtools Page.captureScreenshot '{"format": "png"}' | jq -r .data | base64 -d >"$KEEP/$1-$2.png"
}

@test "the page draws at 1280 pixels, light and dark" {
    check_page 1280 light
    check_page 1280 dark
}

@test "the page draws at 400 pixels, light and dark" {
    check_page 400 light
    check_page 400 dark
}

@test "charts have names and tables" {
    show 1280 light
    [ "$(evaluate '[...document.querySelectorAll("canvas")].every((c) => c.getAttribute("role") === "img" && c.getAttribute("aria-label").length > 20)')" = true ]
    [ "$(evaluate 'document.title')" = '"Exit Audit: run.json: fail, boot.json: pass, grade.json: fail, variant.json: pass"' ]
}

@test "histograms are charts of buckets, the most costly reason first" {
    show 1280 light
    charts='charts.filter(({canvas}) => canvas.closest("#document-0 .side-by-side"))'
    [ "$(evaluate "$charts.map(({chart}) => chart.data.labels.join())" | jq -c)" = '["512,1K,2K,4.1K,8.2K,16.4K","2K","0"]' ]
    [ "$(evaluate "$charts.map(({chart}) => chart.data.datasets[0].data)" | jq -c)" = '[[2100,2000,0,99,0,1],[300],[7]]' ]
    [ "$(evaluate 'document.querySelector("#document-0 .side-by-side figcaption").textContent')" = \
        '"Half of the exits ended within 1,023 cycles, 99 % within 8,191."' ]
    [ "$(evaluate 'document.querySelectorAll("#document-0 [aria-label=\"How long exits took\"] tbody tr").length')" = 6 ]
    # A page without histograms does not mention them.
    [ "$(evaluate 'document.querySelectorAll(".side-by-side").length')" = 1 ]
}

@test "a boot's sentences, notes and instruments are on its page" {
    show 1280 light
    [ "$(evaluate 'document.querySelectorAll("#document-1 .summary li").length')" = 4 ]
    [ "$(evaluate 'document.querySelector("#document-1 [aria-label=Phases]").textContent.includes("4 blocks written")')" = true ]
    # A skipped instrument says nothing, and boot.phases is none.
    [ "$(evaluate 'document.querySelector("#document-1 .tiles").textContent.includes("1 of 1of the host")')" = true ]
}

@test "a boot's rates are those of stretches long enough, in chart and table" {
    show 1280 light
    [ "$(evaluate '(() => {
        const boot = JSON.parse(document.getElementById("documents").textContent)[1].document;
        const {data} = charts.find((chart) => chart.canvas.closest("#document-1")).chart;
        const points = data.datasets.find((set) => set.label === "HLT").data;
        const level = points.every((point, index) => point.y === points[index - index % 2].y);
        const rows = document.querySelectorAll("#document-1 [aria-label=\"Exits per second\"] tbody tr").length;
        return `${boot.samples.length} ${points.length / 2} ${level} ${rows} ${Math.max(...points.map((point) => point.y))}`;
    })()')" = '"14 12 true 12 46"' ]
}

@test "boots stand side by side, by reason and by phase" {
    show 1280 light
    local rows='(name) => [...document.querySelectorAll(`[aria-label="${name}"] tbody tr`)].map((row) => [...row.cells].map((cell) => cell.textContent).join(" "))'
    [ "$(evaluate "($rows)('Exits of each boot, by reason').join()")" = '"IO_INSTRUCTION 1,400 1,400,HLT 100 199,CPUID – 7"' ]
    [ "$(evaluate "($rows)('Exits of each boot, by phase').filter((row) => row.endsWith('–')).length")" = 1 ]
    [ "$(evaluate 'charts.find((chart) => chart.canvas.ariaLabel.startsWith("Exits of each boot, by reason")).chart.data.datasets.map((set) => `${set.label} ${set.data.join("/")}`).join()')" = '"boot.json 1400/100/,variant.json 1400/199/7"' ]
}

@test "a grade's findings stand by the number of submissions that have them" {
    show 1280 light
    local rows='[...document.querySelectorAll(`#document-2 [aria-label="Findings, by number of submissions"] tbody tr`)].map((row) => [...row.cells].map((cell) => cell.textContent).join(" "))'
    [ "$(evaluate "$rows.join()")" = '"compile-error 1 50.0 %,retpoline-shortcut 1 50.0 %"' ]
    [ "$(evaluate 'charts.find((chart) => chart.canvas.ariaLabel.startsWith("Findings, by")).chart.data.datasets[0].data.join()')" = '"1,1"' ]
}

@test "no phase's name covers another" {
    show 400 light
    [ "$(evaluate 'rowsOfLabels([{from: 0, to: 50}, {from: 10, to: 60}, {from: 12, to: 40}, {from: 55, to: 90}]).join()')" = '"0,1,2,0"' ]
}

@test "a log's text stays text" {
    show 1280 light
    [ "$(evaluate 'window.hostile === undefined && document.images.length === 0')" = true ]
    [ "$(evaluate 'document.querySelector(".findings").textContent.includes("<img src=")')" = true ]
}

@test "a page says what its cycles are, and what was judged" {
    show 1280 light
    local qemu='environment: {emulator: "QEMU 7.2"}'
    [ "$(evaluate "clockOf({lane: 'svm-icount', $qemu})")" = '"an instruction: QEMU'"'"'s clock counts those of host and guest"' ]
    [[ $(evaluate "clockOf({lane: 'svm', $qemu})") == *"follows the machine's time"* ]]
    [ "$(evaluate 'noFindings({costs: 1, plan: "costs"})')" = '"Only costs were measured: no counts were judged."' ]
    [[ $(evaluate 'noFindings({costs: 1, plan: "costs marks=yes"})') == *"instruments agree"* ]]
    [[ $(evaluate 'noFindings({})') == *"every audit"* ]]
}

@test "audits can be chosen by name and verdict" {
    show 1280 light
    [ "$(evaluate '(() => {
        const [choice, name] = document.querySelector(".filter").children;
        const shown = () => document.querySelector(".filter + .tall").querySelectorAll("tbody tr:not([hidden])").length;
        const all = shown();
        choice.value = "not ok"; choice.dispatchEvent(new Event("change"));
        const failed = shown();
        name.value = "msr"; name.dispatchEvent(new Event("input"));
        return `${all} ${failed} ${shown()}`;
    })()')" = '"5 2 1"' ]
}

@test "nothing was said on the console, and nothing asked for but the page" {
    show 1280 light
    # But for advice that drawn() earns by reading the canvases.
    ask se/log '{"type": "browser"}' | jq -r '.[].message | select(contains("willReadFrequently") | not)' >"$BATS_TEST_TMPDIR/said"
    cat "$BATS_TEST_TMPDIR/said"
    [ ! -s "$BATS_TEST_TMPDIR/said" ]
    ask se/log '{"type": "performance"}' | jq -r '.[].message | fromjson | .message
        | select(.method == "Network.requestWillBeSent") | .params.request.url' | sort -u >"$BATS_TEST_TMPDIR/asked"
    diff - <(grep -v '^data:' "$BATS_TEST_TMPDIR/asked") <<<"file://$page"
}
