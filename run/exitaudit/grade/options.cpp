// The command line of `exitaudit grade`.
#include "exitaudit/grade/grader.hpp"

#include "exitaudit/catalogue/catalogue.hpp"
#include "exitaudit/lanes/lane.hpp"
#include "exitaudit/support/command_line.hpp"
#include "exitaudit/support/exit_code.hpp"

namespace exitaudit::grade {
namespace {

constexpr auto grade_footer = R"(
A patch, a directory of patches (a series), one of whole source files (vmx.c, cpuid.c),
a kernel tree or TREE#BRANCH, or a directory of modules (kvm.ko, kvm-intel.ko ...); an
archive of these, or of a whole class by Moodle, Canvas or Gradescope. What it is made of
is compiled in a sandbox, and runs only in an emulated machine. Of a branch of a whole
kernel, that kernel is compiled, unless there is --kernel.

Examples:
  exitaudit grade submissions/*.patch --json grades.json
  exitaudit grade ~/linux#exit-counters --lane vmx
  exitaudit grade class.zip --junit grades.xml
  exitaudit grade alice/ --plan 'io.* hlt.*' --keep alice-logs
  exitaudit grade submissions/*.patch --rubric default --csv grades.csv
  exitaudit grade submissions/* -j --resume --json grades.json
  exitaudit grade --summary monday.json tuesday.json

Exit codes: 0 all pass; 1 some fail, do not compile or are refused; 2 usage; 3 some
could not be graded. With --summary: 0 made; 3 a document cannot be read.)";

void check_grade(const GradeOptions& options) {
    if (const auto* lane = find_lane(options.lane); lane && !lane->embedded)
        throw usage_error("grade boots other people's code: --lane is {}",
                          lane_names([](const Lane& fit) { return fit.embedded; }));
    if (const auto error = check_plan(options.plan)) throw usage_error("{}", *error);
    if (options.print_rubric && !options.submissions.empty())
        throw usage_error("--print-rubric takes no PATCH, and {} is one", options.submissions.front());
    if (options.submissions.empty() && !options.print_rubric) throw usage_error("PATCH is required");
}

void add_points(CLI::App& command, GradeOptions& options) {
    add(command, "--rubric", options.points.rubric, "FILE",
        "give points by this rubric; `default` is what --print-rubric prints");
    add(command, "--gradescope", options.points.gradescope, "DIR", "write DIR/results.json for Gradescope");
    add(command, "--classroom", options.points.classroom, "FILE", "write a result for GitHub Classroom");
    add(command, "--csv", options.points.csv, "FILE", "write a grade book, a line for each submission");
    command.add_flag("--print-rubric", options.print_rubric, "print the default rubric");
    auto* summary = command.add_flag("--summary", options.summary,
                                     "grade nothing: put together what --json wrote (PATCH are these files)");
    for (const auto* name : {"--lane", "--kernel", "--base", "--vcpus", "--timeout", "--plan", "--assignment",
                             "--strict", "--dry-run", "--keep", "--jobs", "--memory", "--resume"})
        summary->excludes(name);
}

} // namespace

void add_grade(CLI::App& app, Task& task) {
    auto [command, options] = add_command(
        app, task, "grade", "compile somebody's patches in a sandbox, audit them, print a row for each",
        grade_footer, grade_all, check_grade);
    command.add_option("PATCH", options.submissions, "what people hand in");
    add(command, "--lane", options.lane, "svm|vmx",
        "audit on this lane only (default: those whose code is touched)")
        ->check(completed_by({"svm", "vmx"}));
    add(command, "--kernel", options.kernel, "VERSION",
        "Linux to patch (default: the oldest that is built; of TREE#BRANCH, its own)")
        ->check(completed_by(series_names()));
    add(command, "--base", options.base, "TREE",
        "source of another kernel, which whole files may be of, beside those that are here");
    add(command, "--vcpus", options.vcpus, "N",
        "vCPUs in the main run (default 1; a short run with 2, beside another VM, follows)")
        ->check(CLI::Range(1, 64).description(""));
    add(command, "--timeout", options.timeout, "SECONDS", "for each, compiling and all (default 115)")
        ->check(CLI::Range(40, 36000).description(""));
    command.add_option("--plan", options.plan, "audit only this, in one run")
        ->delimiter(' ')
        ->allow_extra_args(false)
        ->type_name("PLAN");
    add(command, "--assignment", options.terms.assignment, "2|3",
        "what was asked for: totals (2), or counts and cycles by exit (3) (default: what is answered)")
        ->check(one_of({"2", "3"}));
    command.add_flag(
        "--strict", options.terms.strict,
        "fail hosts that define things otherwise: one table for all VMs, handler-only time, leaves "
        "left out");
    auto* dry_run = command.add_flag("--dry-run", options.dry_run,
                                     "print what would be compiled, as a patch against the kernel, and stop");
    add(command, "-j,--jobs", options.jobs, "N",
        "grade N at once (default 1); -j alone: as many as there are cores and memory for")
        ->check(CLI::Range(0, 1000).description(""));
    add(command, "--memory", options.memory, "MIB",
        "use no more (default: what is available); with less than 1336 MiB, one lane after the other")
        ->check(CLI::Range(500, 1 << 24).description(""));
    add(command, "--keep", options.keep, "DIR", "keep modules and logs in DIR/NAME");
    add(command, "--json", options.json, "FILE", "write all rows, with all that was seen, to FILE");
    command.add_flag("--resume", options.resume, "keep FILE's rows of what has not changed, grade the rest")
        ->needs("--json");
    add_points(command, options);
    add_junit(command, options.junit);
    for (const auto* name : {"--json", "--csv", "--junit", "--keep"}) dry_run->excludes(name);
    add_build(command, options.build);
}

} // namespace exitaudit::grade
