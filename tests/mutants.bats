#!/usr/bin/env bats
# What tests/mutants expects of the hosts that are wrong on purpose; none is built or run.

setup() {
    root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    patches=$root/host-kvm-patch/mutants
    kernel=6.1 mutant='' lane=svm
    . "$root/tests/mutants-expected.sh"
}

# expected_of MUTANT LANE NAME
expected_of() {
    mutant=$1
    field "$3" "$2"
}

# differs MUTANT VERDICT FINDINGS NOTES FAILED-AUDIT UNEXPLAINED: prints what differs on svm
differs() {
    mutant=$1
    jq -n --arg verdict "$2" --argjson findings "$3" --argjson notes "$4" --arg audit "$5" \
        --argjson unexplained "$6" '{$verdict, $findings, $notes, $unexplained, host: [],
            results: [{name: $audit, verdict: "not ok"}]}' >"$BATS_TEST_TMPDIR/result"
    compare "$BATS_TEST_TMPDIR/result"
    ((${#differences[@]} == 0)) || printf '%s\n' "${differences[@]}"
}

@test "each mutant's header is complete, and has no field that nobody reads" {
    local known='^(Class|(Vendors|Kernels|Run|Plan|Expected-(audit|finding|note|verdict))(-svm|-vmx)?): .'
    for patch in "$patches"/*.patch; do
        mutant=$(basename -s .patch "$patch")
        run grep -Evn "$known" <(sed '/^$/,$d' "$patch")
        [[ -z $output ]] || { echo "$mutant: $output"; false; }
        [[ $(class) && $(header "$mutant" Vendors "") ]] || { echo "$mutant: no Class or Vendors"; false; }
        for lane in $(header "$mutant" Vendors ""); do
            [[ $(field Expected-finding "$lane") ]] ||
                { echo "$mutant: no Expected-finding on $lane"; false; }
        done
    done
}

@test "each combination is of mutants that exist, runs somewhere, and is listed once" {
    run uniq -d <(combinations | sort)
    [[ -z $output ]]
    local line='^(#|$)|^[a-z0-9+-]+$|^ +(#|(Vendors|Run|Plan|Expected-[a-z]+)(-svm|-vmx)?: .)'
    run grep -Ev "$line" "$patches/combinations"
    [[ -z $output ]] || { echo "not understood: $output"; false; }
    for mutant in $(combinations); do
        is_combination "$mutant" || { echo "$mutant: of no such mutants"; false; }
        applies svm || applies vmx || { echo "$mutant: on no lane"; false; }
    done
}

@test "of a combination, all is expected that its parts expect, each once" {
    [[ $(expected_of registers-left+host-wide svm Expected-finding) = 'registers-not-cleared host-wide' ]]
    [[ $(expected_of registers-left+edx-left-marked svm Expected-finding) = registers-not-cleared ]]
    [[ $(expected_of registers-left+totals-only svm Expected-finding) = registers-not-cleared ]]
    [[ $(expected_of registers-left+totals-only svm Expected-note) = leaf-missing ]]
    [[ $(expected_of handler-only+layout-f21 svm Expected-finding) = none ]]
    [[ $(expected_of plain-globals+shared-query+host-wide svm Run) = '--vcpus 2' ]]
    [[ $(expected_of plain-globals+registers-left vmx Run) = '' ]]
    [[ $(expected_of unguarded-index+host-wide svm Plan) = '' ]]
}

@test "a combination's own expectations replace its parts'" {
    local hidden=handled-not-enabled+retpoline-shortcut
    [[ $(expected_of $hidden svm Expected-finding) = 'handled-not-enabled retpoline-shortcut' ]]
    [[ $(expected_of $hidden vmx Expected-finding) = retpoline-shortcut ]]
    [[ $(expected_of read-write-shared+exit-counts-only svm Expected-audit) = 'cr.*' ]]
}

@test "what is found is compared with what is expected" {
    local found='[{"id": "shared-slot"}]' either='[{"id": "lost-exits", "or": "shared-slot"}]'
    local audit=ledger.conservation
    [[ $(differs read-write-shared fail "$found" '[]' $audit '[]') = '' ]]
    [[ $(differs read-write-shared fail "$either" '[]' $audit '[]') = '' ]]
    [[ $(differs read-write-shared fail '[]' '[]' $audit '[]') = 'no finding shared-slot' ]]
    [[ $(differs read-write-shared fail "$found" '[]' io.out8 '[]') = "$audit does not fail" ]]
    [[ $(differs read-write-shared fail "$found" '[{"id": "x"}]' $audit '[]') = 'note x is not expected' ]]
    [[ $(differs read-write-shared fail "$found" '[]' $audit '["a"]') = 'no finding explains a' ]]
    [[ $(differs read-write-shared pass "$found" '[]' $audit '[]') = 'pass, where fail is expected' ]]
    [[ $(differs totals-only pass '[]' '[]' none '[]') = 'no note leaf-missing' ]]
}
