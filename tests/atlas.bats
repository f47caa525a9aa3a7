#!/usr/bin/env bats
# The atlas of costs: condensed documents, and the page of them.
# Needs jq and git, and nothing that is built.

bats_require_minimum_version 1.5.0
load expect

setup() {
    root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    atlas=$root/tests/bench/atlas
    cd "$BATS_TEST_TMPDIR"
}

# costs KERNEL MEDIAN [P25 P75]: a document of one trigger on an emulated host.
costs() {
    jq -n --arg kernel "Linux $1" --argjson median "$2" --argjson p25 "${3-$2}" --argjson p75 "${4-$2}" '{
        schema: 1, kind: "run", lane: "svm-icount", kernel: $kernel, run: {costs: 1, plan: "costs"},
        platform: {brand: "A processor", family: 23, model: 1, stepping: 2, vendor: "AuthenticAMD"},
        environment: {emulator: "QEMU 7.2", host: {cpu: "A processor", kernel: $kernel, command_line: "secret=1"}},
        results: [{name: "io.in8", verdict: "ok", guest_cycles: {$median, $p25, $p75, min: 1, mean: 3000}}]}'
}

# ledger KERNEL MEDIAN MEAN INSIDE
ledger() {
    costs "$1" "$2" | jq --argjson mean "$3" --argjson inside "$4" '.run = {ledger: 1} | .platform = null |
        .results[0] += {caused: 20, told: 20, firings: 20, host_cycles: {$inside, mean: 900}} |
        .results[0].guest_cycles.mean = $mean'
}

@test "the page has a table for each host, a column for each kernel, and the change between them" {
    costs 6.12.1 2200 >b.json
    costs 6.1.3 2000 >a.json
    expect 0 "## svm-icount, QEMU 7.2, A processor (family 23, model 1, stepping 2)" "$atlas" page b.json a.json
    [[ $output == *"| trigger | 6.1 | in KVM | 6.12 | Δ | in KVM |"*"| io.in8 | 2000 |  | 2200 | +10 % |  |"* ]]
}

@test "a slow firing does not change the share in KVM, whether it was slow there or not" {
    costs 6.1 2000 >a.json
    ledger 6.1 2000 2000 500 >even.json
    ledger 6.1 2000 2200 500 >outside.json
    ledger 6.1 2000 2200 700 >inside.json
    expect 0 "| io.in8 | 2000 | 25 % |" "$atlas" page a.json even.json
    expect 0 "| io.in8 | 2000 | 15–25 % |" "$atlas" page a.json outside.json
    expect 0 "| io.in8 | 2000 | 25–35 % |" "$atlas" page a.json inside.json
}

@test "the ledger's figures are of the same kernel and mitigations only" {
    costs 6.1.3 2000 >a.json
    ledger 6.1.4 2000 2000 500 >ledger.json
    expect 0 "| io.in8 | 2000 |  |" "$atlas" page a.json ledger.json
}

@test "medians of firings that differ are marked, and changes that can be chance" {
    costs 6.1 14000 14000 15300 >a.json
    costs 6.12 15300 14000 15300 >b.json
    costs 7.3 12000 >c.json
    expect 0 "| io.in8 | ~14000 |  | ~15300 | ~+9.3 % ? |  | 12000 | ~-21.6 % |  |" "$atlas" page a.json b.json c.json
    costs 6.1 14000 14000 14007 >a.json
    expect 0 "| io.in8 | 14000 |  | ~15300 | ~+9.3 % ? |  |" "$atlas" page a.json b.json
}

@test "two sets of mitigations on one kernel are two columns that can be told apart" {
    native() { costs 6.12.1 "$1" | jq --arg meltdown "$2" '.environment = {host: {cpu: "A processor", kernel: "Linux 6.12.1",
        vulnerabilities: {l1tf: "Not affected", meltdown: $meltdown}}} | .lane = "native"'; }
    native 2000 "Mitigation: PTI" >a.json
    native 1500 Vulnerable >b.json
    expect 0 "- Linux 6.12 (1): Linux 6.12.1; meltdown: Mitigation: PTI" "$atlas" page b.json a.json
    [[ $output == *"- Linux 6.12 (2): Linux 6.12.1; meltdown: Vulnerable"* ]]
    [[ $output == *"| trigger | 6.12 (1) | in KVM | 6.12 (2) | Δ | in KVM |"*"| io.in8 | 2000 |  | 1500 | -25 % |  |"* ]]
    [[ $output != *"Lane \`svm-icount\` counts"* && $output != *"on emulated hosts"* ]]
}

@test "processors of one brand that differ in family, model or stepping have a table each" {
    costs 6.1 2000 >a.json
    jq '.platform.model = 49' a.json >b.json
    expect 0 "(family 23, model 1, stepping 2)" "$atlas" page a.json b.json
    [[ $output == *"(family 23, model 49, stepping 2)"* ]]
}

@test "a document condensed is shorter, keeps no command line, and stays as it is when condensed again" {
    costs 6.1 2000 1990 2010 >a.json
    "$atlas" condense a.json >condensed.json
    [ "$(jq -c '.results[0]' condensed.json)" = '{"name":"io.in8","guest_cycles":{"median":2000,"p25":1990,"p75":2010}}' ]
    run ! grep -e secret -e command_line condensed.json
    "$atlas" condense condensed.json | cmp - condensed.json
    ledger 6.1 2000 2200 500 >ledger.json
    "$atlas" condense ledger.json >condensed-ledger.json
    cmp <("$atlas" page a.json ledger.json) <("$atlas" page condensed.json condensed-ledger.json)
}

@test "documents without costs are an error in one line" {
    costs 6.1 2000 | jq '.results = []' >empty.json
    expect 2 "atlas: empty.json: no trigger was measured in it" "$atlas" page empty.json
    [ "${#lines[@]}" -eq 1 ]
    ledger 6.1 2000 2000 500 >ledger.json
    expect 2 "atlas: none of these documents has costs" "$atlas" page ledger.json
    [ "${#lines[@]}" -eq 1 ]
    echo '{"kind": "boot", "schema": 1}' >boot.json
    expect 2 "atlas: boot.json: not a document of exitaudit run" "$atlas" condense boot.json
    [ "${#lines[@]}" -eq 1 ]
    echo '{' >broken.json
    expect 2 "atlas: broken.json: " "$atlas" page broken.json
    : >nothing.json
    expect 2 "atlas: nothing.json: not one document, but 0" "$atlas" condense nothing.json
    expect 2 "usage: atlas" "$atlas" page
}

@test "make atlas ATLAS= makes the page as it is from a clean clone" {
    git -C "$root" ls-files -z | tar -C "$root" -c --null -T - | tar -x
    : >docs/costs-atlas.md
    make --no-print-directory atlas ATLAS=
    cmp docs/costs-atlas.md "$root/docs/costs-atlas.md"
}

@test "a contributed document gets a table in the page" {
    git -C "$root" ls-files -z | tar -C "$root" -c --null -T - | tar -x
    costs 6.12.1 2200 | jq '.lane = "native" | .environment.emulator = null | .platform.brand = "A contributed processor"' \
        >docs/atlas/contributed.json
    make --no-print-directory atlas ATLAS=
    grep -q '^## native, A contributed processor ' docs/costs-atlas.md
    diff "$root/docs/costs-atlas.md" docs/costs-atlas.md >changes || [ $? -eq 1 ]
    run ! grep '^<' changes
}

@test "measuring one kernel renews its documents alone, condensed" {
    mkdir -p tests/bench build docs/atlas
    cp "$root"/tests/bench/{atlas,*.jq} tests/bench/
    costs 6.1 2000 >costs.json
    ledger 6.1 2000 2000 500 >ledger.json
    cat >build/exitaudit <<'END'
#!/bin/bash
# run --timeout SECONDS --json FILE OPTION...
source=ledger.json
[[ $* != *" --costs"* ]] || source=costs.json
cp "$source" "$5"
echo "$*" >>calls
[[ $* != *" --kernel 5.10 "* ]] || exit 3
END
    chmod +x build/exitaudit
    echo other >docs/atlas/6.12-vmx.json
    tests/bench/atlas measure build/atlas docs/atlas 6.1
    [ "$(wc -l <calls)" -eq 4 ]
    [ "$(ls docs/atlas)" = "$(printf '%s\n' 6.1-svm-icount{-ledger,}.json 6.1-vmx{-ledger,}.json 6.12-vmx.json)" ]
    [ "$(cat docs/atlas/6.12-vmx.json)" = other ]
    "$atlas" condense costs.json | cmp - docs/atlas/6.1-vmx.json
    "$atlas" condense ledger.json | cmp - docs/atlas/6.1-vmx-ledger.json
    cp -r docs/atlas before
    expect 3 "" tests/bench/atlas measure build/atlas docs/atlas 5.10
    diff -r before docs/atlas
}
