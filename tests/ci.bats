#!/usr/bin/env bats
# The files for other people's CI: valid, and their steps work where nothing is installed.

load expect

setup() {
    root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    ci=$root/run/ci
    cd "$BATS_TEST_TMPDIR"
}

# of_yaml FILE EXPRESSION: of the document, as Python's `y`.
of_yaml() {
    /usr/bin/python3 -c 'import sys, yaml; y = yaml.safe_load(open(sys.argv[1])); print(eval(f"({sys.argv[2]})"))' "$ci/$1" "$2"
}

@test "CI files: YAML" {
    yamllint -s -d '{extends: default, rules: {line-length: {max: 120}, document-start: disable}}' "$ci"/*.y*ml
}

@test "the GitHub action: each input has a default and reaches the audit, and each step has a shell or an action" {
    expect 0 "True" of_yaml action.yml 'y["runs"]["using"] == "composite" and bool(y["description"]) and
        all(i["description"] and "default" in i for i in y["inputs"].values())'
    expect 0 "True" of_yaml action.yml 'all(("run" in s and s.get("shell") == "bash") != ("uses" in s) for s in y["runs"]["steps"])'
    expect 0 "True" of_yaml action.yml 'sorted(y["inputs"]) == sorted(v.split()[1][7:]
        for s in y["runs"]["steps"] for v in s.get("env", {}).values())'
}

@test "the GitLab job: it has a script, and keeps what the audit writes" {
    expect 0 "{'when': 'always', 'paths': ['exit-audit'], 'reports': {'junit': 'exit-audit/audit.xml'}}" \
        of_yaml gitlab.yml 'y["exit-audit"]["artifacts"]'
    expect 0 "True" of_yaml gitlab.yml 'y["exit-audit"]["image"] == "debian:13" and all(type(s) is str for s in y["exit-audit"]["script"])'
}

@test "the LAVA job is valid, and turns each line of KTAP into a test case" {
    /usr/bin/python3 -c 'import lava_common.schemas' || skip "no lava-common on offer"
    /usr/bin/python3 -c 'import sys, yaml, lava_common.schemas as s; s.validate(yaml.safe_load(open(sys.argv[1])), strict=True)' "$ci/lava.yaml"
    mkdir bin
    printf '#!/bin/sh\necho "$@" >>results\n' >bin/lava-test-case
    chmod +x bin/lava-test-case
    printf '%s\n' 'KTAP version 1' '# ok 1 no # result' '1..3' 'ok 1 io.out8 # 200 exits, ledger +200' \
        'not ok 2 hlt.timer # expected ledger +100, seen +0' 'ok 3 instr.rdseed # SKIP this vCPU has no RDSEED' \
        'ok host.stats # 4 of KVM'"'"'s statistics agree' 'not ok host.tracepoint # differs' >ktap
    of_yaml lava.yaml 'y["actions"][2]["test"]["definitions"][0]["repository"]["run"]["steps"][3]' >step
    PATH=$PWD/bin:$PATH bash -e <(sed "s|/tmp/ktap|ktap|" step)
    diff results - <<'END'
io.out8 --result pass
hlt.timer --result fail
instr.rdseed --result skip
host.stats --result pass
host.tracepoint --result fail
END
}

# A stand-in for make, which records how it is called and fails where LANE is $2.
@test "a CI job audits with the variables given, then measures this machine's KVM if there is one, and fails if either does" {
    mkdir bin
    printf '#!/bin/sh\necho "$LANE|$@" >>"$CALLS"\ncase "$LANE $*" in *$FAILING*) exit 2 ;; esac\n' >bin/make
    chmod +x bin/make
    export CALLS=$PWD/calls LANE=svm PATH=$PWD/bin:$PATH OUT="$PWD/a b"
    FAILING=none "$ci/audit"
    [ -d "$OUT" ]
    [ "$(head -n1 calls)" = "svm|run ARGS=--json '$OUT/audit.json' --junit '$OUT/audit.xml' --log '$OUT/audit.log' " ]
    if [ -w /dev/kvm ]; then
        [ "$(sed -n 2p calls)" = "svm|run LANE=native KERNEL= TREE= VCPUS=1 PLAN= ARGS=--costs --json '$OUT/costs.json'" ]
    fi
    FAILING=audit.json expect 2 "" "$ci/audit"
}

# run_in_a_system STEPS WORD...: as root of a fresh Debian with a clone of this repository in /exit-audit, and with
# these environment variables. What is in /builds is then in builds/.
run_in_a_system() {
    local steps=$1
    shift
    [ "$(id -u)" -eq 0 ] || skip "needs root to make a system"
    # The release and the sources of this machine, whose kernels are those on offer.
    # shellcheck source=/dev/null
    [ -e "$BATS_FILE_TMPDIR/system.tar" ] || (. /etc/os-release && find /etc/apt -name '*.list' -o -name '*.sources' |
        xargs mmdebstrap --variant=minbase "$VERSION_CODENAME" "$BATS_FILE_TMPDIR/system.tar")
    mkdir system builds
    tar -C system -xf "$BATS_FILE_TMPDIR/system.tar"
    git clone -q "$root" system/exit-audit
    printf '#!/bin/sh\necho "$@" >>/builds/test-cases\n' >system/usr/local/bin/lava-test-case
    chmod +x system/usr/local/bin/lava-test-case
    echo "$steps" >system/steps
    mkdir system/builds
    cat >enter <<'END'
mount --rbind /dev "$1/dev"
mount -t proc proc "$1/proc"
mount --bind "$2" "$1/builds"
root=$1
shift 2
exec chroot "$root" env -i PATH="$PATH" HOME=/root "$@" bash -ex /steps
END
    unshare --mount --pid --fork --kill-child bash -e enter system "$PWD/builds" "$@"
    rm -rf system
}

# passed_in DIR: the audit's documents say so
passed_in() {
    jq -e '.exit_code == 0' "$1/audit.json"
    xmllint --noout "$1/audit.xml"
}

# bats test_tags=slow
@test "GitLab's steps work in a system without anything, and leave their artifacts" {
    run_in_a_system "$(of_yaml gitlab.yml '"\n".join(y["exit-audit"]["script"])')" LANE=svm PLAN='io.out8 hlt.timer' \
        OUT=/builds/exit-audit EXIT_AUDIT=file:///exit-audit
    passed_in builds/exit-audit
}

# The runner's part, the variables, is by hand: the last step is GitHub's own action.
# bats test_tags=slow
@test "the GitHub action's steps do" {
    run_in_a_system "$(of_yaml action.yml '"\n".join(s["run"] for s in y["runs"]["steps"] if "run" in s)')" \
        LANE=svm KERNEL= TREE= VCPUS=1 PLAN='io.out8 hlt.timer' COSTS= ARGS= \
        GITHUB_WORKSPACE=/builds GITHUB_ACTION_PATH=/exit-audit/run/ci
    passed_in builds/exit-audit
}

# bats test_tags=slow
@test "the LAVA job's steps do, with an embedded host" {
    local steps
    steps=$(of_yaml lava.yaml '"\n".join(y["actions"][2]["test"]["definitions"][0]["repository"]["run"]["steps"])' |
        sed 's|clone --depth 1 EXIT_AUDIT|clone file:///exit-audit|; s|LANE=native|LANE=svm|')
    run_in_a_system "$steps" PLAN='io.out8 hlt.timer' OUT=/builds/exit-audit
    passed_in builds/exit-audit
    [ "$(head -n2 builds/test-cases)" = 'io.out8 --result pass'$'\n''hlt.timer --result pass' ]
    [ "$(grep -c io.out8 builds/test-cases)" -eq 1 ]
    [ "$(tail -n1 builds/test-cases)" = 'exit-audit --shell test 0 = 0' ]
}
