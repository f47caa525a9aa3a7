// exitaudit: audits the VM exit ledger that a patched KVM keeps.
#include "exitaudit/audit/run.hpp"
#include "exitaudit/boot/run.hpp"
#include "exitaudit/documents/compare_run.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/grade/grade.hpp"
#include "exitaudit/catalogue/list.hpp"
#include "exitaudit/audit/options.hpp"
#include "exitaudit/read/read.hpp"
#include "exitaudit/read/top.hpp"
#include "exitaudit/report/page.hpp"

#include <fmt/core.h>

#include <exception>

namespace exitaudit {
namespace {

struct Perform {
    int operator()(const RunOptions& options) const { return run_audit(options); }
    int operator()(const JudgeOptions& options) const { return judge_log(options); }
    int operator()(const ListOptions& options) const { return list_catalogue(options); }
    int operator()(const BootOptions& options) const { return run_boot(options); }
    int operator()(const GradeOptions& options) const { return grade_all(options); }
    int operator()(const ReadOptions& options) const { return read_ledger(options); }
    int operator()(const TopOptions& options) const { return show_top(options); }
    int operator()(const ReportOptions& options) const { return write_page(options); }
    int operator()(const CompareOptions& options) const { return compare_documents(options); }
    int operator()(const Answered& answered) const { return answered.exit_code; }
};

} // namespace
} // namespace exitaudit

int main(int argc, char** argv)
{
    using exitaudit::ExitCode;
    try {
        return std::visit(exitaudit::Perform{}, exitaudit::parse_options(argc, argv));
    } catch (const exitaudit::Error& error) {
        fmt::print(stderr, "exitaudit: {}\n", error.what());
        return static_cast<int>(error.code);
    } catch (const std::exception& error) {
        fmt::print(stderr, "exitaudit: {}\n", error.what());
        return static_cast<int>(ExitCode::could_not_run);
    }
}
