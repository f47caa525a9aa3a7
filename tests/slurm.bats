#!/usr/bin/env bats
# Grading on more than one machine, with the only one that is there: run/slurm/grade.sbatch under a Slurm that
# runs as the current user in a directory of its own, and GNU parallel. Needs what tests/grade.bats needs, and
# munge, slurmctld, slurmd, slurm-client and parallel, which `make check SLOW=1` installs.

load expect

patience=600 # of wait_for, in seconds

setup() {
    root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    cd "$BATS_TEST_TMPDIR"
    PATH=$PATH:/usr/sbin
    daemons=()
}

# None of it stays behind.
teardown() {
    local daemon
    for daemon in "${daemons[@]}"; do kill "$daemon" || true; done
    wait
    tail -n 20 ./*.out || true # bats shows it if the test has failed
}

# start COMMAND...: in the foreground of a job, so that its number is known.
start() {
    "$@" >"$1.out" 2>&1 3>&- &
    daemons+=($!)
}

# A cluster of this machine. What is configured counts, not what the machine has.
configure() {
    local name port=$((20000 + RANDOM % 10000))
    name=$(hostname -s)
    export SLURM_CONF=$PWD/slurm.conf
    mkdir state spool
    # Control groups are not needed. Before 23.11 they cannot be left out, but those of v1 are not looked for.
    local plugin=disabled version
    version=$(slurmd -V)
    [[ ${version##* } > 23.11 ]] || plugin=cgroup/v1
    echo CgroupPlugin=$plugin >cgroup.conf
    cat >slurm.conf <<END
ClusterName=test
SlurmctldHost=$name(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthInfo=socket=$PWD/munge.socket
StateSaveLocation=$PWD/state
SlurmdSpoolDir=$PWD/spool
SlurmctldPidFile=$PWD/slurmctld.pid
SlurmdPidFile=$PWD/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1
MailProg=/bin/true
NodeName=$name NodeAddr=127.0.0.1 CPUs=4 RealMemory=8000
PartitionName=test Nodes=$name Default=YES State=UP
END
}

start_slurm() {
    configure
    head -c 1024 /dev/urandom >munge.key
    chmod 600 munge.key
    start munged --foreground --force --key-file "$PWD/munge.key" --socket "$PWD/munge.socket" --pid-file "$PWD/munge.pid" --seed-file "$PWD/munge.seed"
    wait_for test -S munge.socket
    start slurmctld -D -i
    start slurmd -D
    wait_for idle
}

idle() { [ "$(sinfo --noheader --format %T 2>/dev/null)" = idle ]; }

queue_is_empty() { [ -z "$(squeue --noheader)" ]; }

@test "the options of a Slurm task may be quoted" {
    printf '#!/bin/sh\nprintf "%%s;" "$@"\n' >program
    chmod +x program
    export SLURM_ARRAY_TASK_ID=0 EXITAUDIT=./program
    GRADE_ARGS="--plan 'io.* hlt.*' --strict" "$root/run/slurm/grade.sbatch" a.patch
    [ "$(cat grades/0.txt)" = "grade;--plan;io.* hlt.*;--strict;--resume;--json;grades/0.json;a.patch;" ]
    "$root/run/slurm/grade.sbatch" a.patch
    [ "$(cat grades/0.txt)" = "grade;--resume;--json;grades/0.json;a.patch;" ]
}

# bats test_tags=slow
@test "a Slurm job array grades a submission in each task, and what it wrote is merged" {
    local program
    for program in munged slurmctld slurmd sbatch; do
        command -v $program || skip "no $program: apt-get install munge slurmctld slurmd slurm-client"
    done
    export EXITAUDIT=$root/build/exitaudit
    cp "$root/tests/grade/samples/does-not-compile.patch" alice.patch
    cp "$root/tests/grade/samples/layout-f21.patch" carol.patch
    touch empty.patch
    printf '%s\n' '--- a/arch/x86/kvm/Makefile' '+++ b/arch/x86/kvm/Makefile' '@@ -1 +1,2 @@' ' #' '+x' >'b b.patch'
    start_slurm

    sbatch --array=0-3 "$root/run/slurm/grade.sbatch" alice.patch 'b b.patch' empty.patch carol.patch
    wait_for queue_is_empty
    cat grades/*.txt
    expect 0 "4 submissions: 1 does-not-compile, 1 pass, 2 refused" "$EXITAUDIT" grade --summary grades/{0,1,2,3}.json --json all.json
    [ "$(jq -r '.rows[].patch' all.json)" = "$(printf '%s\n' alice.patch 'b b.patch' empty.patch carol.patch)" ]

    # Submitted again with a list: kept; and a task too many.
    printf '%s\n' alice.patch 'b b.patch' empty.patch >list
    sbatch --array=0-3 "$root/run/slurm/grade.sbatch" --list list
    wait_for queue_is_empty
    grep '1 of 1 rows are kept' grades/0.txt
    grep 'no submission 3: there are 3, from 0' grades/3.txt
}

# bats test_tags=slow
@test "GNU parallel grades as docs/grade.md has it" {
    command -v parallel || skip "no parallel: apt-get install parallel"
    mkdir submissions build
    ln -s "$root/build/exitaudit" build/exitaudit
    cp "$root/tests/grade/samples/does-not-compile.patch" 'submissions/alice b.patch'
    touch submissions/empty.patch
    # The example with this machine in the place of two others, which needs no ssh.
    sed -n '/^### GNU parallel/,/^This grades/p' "$root/docs/grade.md" | sed -n '/^```$/,/^```$/{/^```$/d;p}' |
        sed 's|2/alpha,2/beta|2/:|; s|^exitaudit|build/exitaudit|' >example
    grep -q 'parallel -S 2/:' example
    expect 0 "2 submissions: 1 does-not-compile, 1 refused" env EXITAUDIT_BUILD="$root/build" bash -e example
    [ "$(wc -l <grades.csv)" = 3 ]
}
