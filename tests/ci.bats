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

# bats test_tags=slow
@test "GitLab's steps work in a system without anything, and leave their artifacts" {
    [ "$(id -u)" -eq 0 ] || skip "needs root to make a system"
    # The release and the sources of this machine, whose kernels are those on offer.
    # shellcheck source=/dev/null
    (. /etc/os-release && find /etc/apt -name '*.list' -o -name '*.sources' |
        xargs mmdebstrap --variant=minbase "$VERSION_CODENAME" system)
    git clone -q --bare "$root" system/exit-audit.git
    of_yaml gitlab.yml '"\n".join(y["exit-audit"]["script"])' >system/steps
    cat >enter <<'END'
mount --rbind /dev "$1/dev"
mount -t proc proc "$1/proc"
exec chroot "$1" env -i PATH="$PATH" HOME=/root LANE=svm PLAN='io.out8 hlt.timer' OUT=/builds/exit-audit \
    EXIT_AUDIT=file:///exit-audit.git bash -ex /steps
END
    mkdir system/builds
    unshare --mount --pid --fork --kill-child bash -e enter system
    jq -e '.exit_code == 0' system/builds/exit-audit/audit.json
    xmllint --noout system/builds/exit-audit/audit.xml
    rm -rf system
}
