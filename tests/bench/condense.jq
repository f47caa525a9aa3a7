# What the atlas needs of a document of `exitaudit run --json`: the same members, and a result per line, so that
# differences are readable. A condensed document stays as it is.

# Quarter points that equal the median are left out.
def spread:
    {median} + (if .p25 != null and .p25 != .median then {p25} else {} end)
        + (if .p75 != null and .p75 != .median then {p75} else {} end);

def measured: {name, guest_cycles: (.guest_cycles | spread)};

# Of the ledger's documents only triggers of one exit per firing, which is then the one that the ledger timed.
def timed:
    select(.host_cycles.inside and .caused == .firings and .told == .caused) |
    {name, firings, caused, told, guest_cycles: (.guest_cycles | {mean, median}),
        host_cycles: (.host_cycles | {inside})};

def affecting: .vulnerabilities // {} | with_entries(select(.value != "Not affected"));

[inputs] | if length == 1 then .[0] else error("not one document, but \(length)") end |
if type != "object" or .kind != "run" or .schema != 1 then error("not a document of exitaudit run") else . end |
.environment.emulator as $emulator |
{
    schema, kind, lane, kernel,
    environment: {
        emulator: $emulator,
        host: ((.environment.host // {}) | {cpu, kernel} + if $emulator then {} else {vulnerabilities: affecting} end)
    },
    run: (if .run.costs == 1 then {costs: 1} else {} end),
    platform: (.platform | if . then {brand, family, model, stepping, vendor} else null end)
} as $head |
[.results[] | select(.guest_cycles.median) | if $head.run.costs == 1 then measured else timed end] as $results |
if $results == [] then error("no trigger was measured in it") else . end |
"{",
($head | to_entries[] | "\(.key | tojson): \(.value | tojson),"),
"\"results\": [",
($results | (.[:-1][] | tojson + ","), (.[-1] | tojson)),
"]}"
