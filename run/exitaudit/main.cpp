// exitaudit: audits the VM exit ledger that a patched KVM keeps.
#include "audit_run.hpp"
#include "boot/boot_run.hpp"
#include "compare_run.hpp"
#include "exit_code.hpp"
#include "grade/grade.hpp"
#include "list.hpp"
#include "options.hpp"
#include "read/read.hpp"
#include "read/top.hpp"
#include "report/page.hpp"

#include <fmt/core.h>

#include <exception>

namespace exitaudit {
namespace {

int run(int argc, char** argv)
{
    const auto task = parse_options(argc, argv);
    if (const auto* options = std::get_if<RunOptions>(&task))
        return run_audit(*options);
    if (const auto* options = std::get_if<JudgeOptions>(&task))
        return judge_log(*options);
    if (const auto* options = std::get_if<ListOptions>(&task))
        return list_catalogue(*options);
    if (const auto* options = std::get_if<ReadOptions>(&task))
        return read_ledger(*options);
    if (const auto* options = std::get_if<TopOptions>(&task))
        return show_top(*options);
    if (const auto* options = std::get_if<ReportOptions>(&task))
        return write_page(*options);
    if (const auto* options = std::get_if<CompareOptions>(&task))
        return compare_documents(*options);
    if (const auto* options = std::get_if<GradeOptions>(&task))
        return grade_all(*options);
    if (const auto* options = std::get_if<BootOptions>(&task))
        return run_boot(*options);
    return std::get<Answered>(task).exit_code;
}

} // namespace
} // namespace exitaudit

int main(int argc, char** argv)
{
    using exitaudit::ExitCode;
    try {
        return exitaudit::run(argc, argv);
    } catch (const exitaudit::Error& error) {
        fmt::print(stderr, "exitaudit: {}\n", error.what());
        return static_cast<int>(error.code);
    } catch (const std::exception& error) {
        fmt::print(stderr, "exitaudit: {}\n", error.what());
        return static_cast<int>(ExitCode::could_not_run);
    }
}
