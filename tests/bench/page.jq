# The atlas' page (docs/costs-atlas.md), of a list of condensed documents (condense.jq).

def emulated: .environment.emulator != null;
def release: .environment.host.kernel // .kernel // "unknown";
def short: [release | scan("[0-9]+[.][0-9]+")][0] // "unknown";
def debian: release | test("-amd64 [0-9]");
def mitigations: [.environment.host.vulnerabilities // {} | to_entries[] | "\(.key): \(.value)"] | join("; ");

# The brand may be as general as "AMD EPYC Processor".
def processor:
    (.platform.brand // .environment.host.cpu // "unknown processor") +
    (.platform | if .family then " (family \(.family), model \(.model), stepping \(.stepping))" else "" end);
def heading: "\(.lane // "serial log")\(if emulated then ", \(.environment.emulator)" else "" end), \(processor)";

# Documents with and without the ledger's figures belong together if they agree in this.
def machine: {lane, environment} | tojson;

# The range, in percent, of the part of a typical firing inside KVM. The ledger has a sum only. What firings took more
# than the median, all together, was inside KVM or was not.
def share:
    .guest_cycles.median as $median | .host_cycles.inside as $inside |
    [$inside, $inside - (.guest_cycles.mean - .guest_cycles.median)] | sort |
    map(100 * . / $median | [., 0] | max | [., 100] | min);
def share_text:
    if . == null then "" elif .[1] - .[0] < 2 then "\((.[0] + .[1]) / 2 | round) %"
    else "\(.[0] | round)–\(.[1] | round) %" end;

def low: .p25 // .median;
def high: .p75 // .median;
def spread: high - low > 0.0005 * .median;
def median_text: if . == null then "" elif spread then "~\(.median)" else "\(.median)" end;

def percent: (1000 * . | round / 10) | if . > 0 then "+\(.) %" elif . == 0 then "0" else "\(.) %" end;
def overlap($one; $other): ($one | low) <= ($other | high) and ($other | low) <= ($one | high);
def change($before; $after):
    if $before == null or $after == null then ""
    else
        (($after.median - $before.median) / $before.median | percent) as $text |
        if ($before | spread or ($after | spread)) | not then $text
        else "~" + $text + if overlap($before; $after) then " ?" else "" end end
    end;

# Columns of a host: a short name each. Where two have the same kernel, they are numbered.
def columns:
    sort_by([release | scan("[0-9]+") | tonumber], mitigations) | map(. + {short: short}) |
    group_by(.short) | map(if length == 1 then . else
        to_entries | map(.value + {short: "\(.value.short) (\(.key + 1))"}) end) | add |
    sort_by([release | scan("[0-9]+") | tonumber], mitigations);

def row($shares): . as $cells |
    [range($cells | length) as $i |
        " \($cells[$i] | median_text) |" +
        (if $i > 0 then " \(change($cells[$i - 1]; $cells[$i])) |" else "" end) +
        " \($shares[$i] | share_text) |"] | add;

def table($shares):
    columns as $columns |
    ($columns | map(.results | map({key: .name, value: .guest_cycles}) | from_entries)) as $costs |
    ($columns | map($shares[machine] // {})) as $inside |
    ($columns | map(.results[].name) | unique) as $all |
    ($columns[0].results | map(.name)) as $first |
    "## \($columns[0] | heading)", "",
    ($columns[] | "- Linux \(.short): \(release)" + (mitigations | if . == "" then "" else "; \(.)" end)), "",
    "| trigger | \($columns[0].short) | in KVM |" + ($columns[1:] | map(" \(.short) | Δ | in KVM |") | add // ""),
    "|---|---|---|" + ($columns[1:] | map("---|---|---|") | add // ""),
    (($first + ($all - $first))[] as $name |
        "| \($name) |" + ($costs | map(.[$name]) | row($inside | map(.[$name])))),
    "";

def joined: if length < 2 then add else (.[:-1] | join(", ")) + " and " + .[-1] end;
def plural($one; $many): if length == 1 then $one else $many end;

# What the documents say of the emulated hosts.
def intro:
    map(select(emulated)) as $hosts |
    def kernels(which): $hosts | map(select(which) | short) | unique | sort_by([scan("[0-9]+") | tonumber]);
    kernels(debian) as $debian | kernels(debian | not) as $trees |
    if any($hosts[]; .lane == "svm-icount") then
        "Lane `svm-icount` counts instructions. Now and then, a whole run has one instruction less or more in each\n" +
        "firing that KVM resumes by itself.\n"
    else empty end,
    if any($hosts[]; .lane == "vmx") then
        "Lane `vmx` counts ticks of Bochs' clock. The host's timer interrupts some of the firings, in each run others.\n" +
        "Each interrupt takes some 1300 ticks.\n"
    else empty end,
    if $hosts == [] then empty else
        "Mitigations are off on emulated hosts." +
        (if $debian == [] then ""
        else " Linux \($debian | joined) there \($debian | plural("is"; "are")) Debian's." end) +
        (if $trees == [] then "" else " Linux \($trees | joined) there \($trees | plural("has"; "have"))\n" +
            "[our small configuration](trees.md)" +
            if $debian == [] then "." else ": part of the step from Debian's is the configuration's." end end) + "\n"
    end;

map(select(.run.costs == 1)) as $costs |
if $costs == [] then error("none of these documents has costs: make one with exitaudit run --costs --json") else . end |
(map(select(.run.costs != 1 and .environment.host.kernel != null)) |
    map({key: machine, value: (.results | map({key: .name, value: share}) | from_entries)}) | from_entries) as $shares |
($costs | intro),
($costs | group_by(heading)[] | table($shares))
