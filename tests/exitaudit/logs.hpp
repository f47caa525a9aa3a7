// A good log, to be spoilt by each test in its own way.
#pragma once

#include "exitaudit/log/judge.hpp"
#include "exitaudit/log/lines.hpp"

#include <string>
#include <string_view>

namespace exitaudit::test {

inline const std::string good_log = R"(KTAP version 1
# Exit Audit, booted by pvh on AuthenticAMD
#json {"record":"run","schema":1,"ledger":1,"plan":"all","vcpus":1,"results":3}
1..3
ok 1 io.out8 # 1000 exits, ledger +1000
#json {"record":"result","number":1,"name":"io.out8","verdict":"ok","message":"1000 exits, ledger +1000"}
ok 2 control.xsetbv # SKIP this CPU does not intercept it
#json {"record":"result","number":2,"name":"control.xsetbv","verdict":"skip","message":"SKIP this CPU does not intercept it"}
ok 3 ledger.undefined # 31 exit numbers
#json {"record":"result","number":3,"name":"ledger.undefined","verdict":"ok","message":"31 exit numbers"}
#json {"record":"end","verdict":"pass","passed":2,"failed":0,"skipped":1}
# verdict: pass: 2 passed, 0 failed, 1 skipped
)";

// `text` with one occurrence of `what`, which must be there, replaced.
inline std::string with(std::string text, std::string_view what, std::string_view instead) {
    const auto at = text.find(what);
    if (at == std::string::npos) throw std::logic_error("the log has no: " + std::string(what));
    return text.replace(at, what.size(), instead);
}

// `text` without the lines that contain `what`.
inline std::string without(const std::string& text, std::string_view what) {
    std::string kept;
    LineSplitter().feed(text, [&](const std::string& line) {
        if (line.find(what) == std::string::npos) kept += line + "\n";
    });
    return kept;
}

inline Log read(std::string_view text, std::string* unfinished = nullptr) {
    LineSplitter lines;
    LogReader reader;
    lines.feed(text, [&](const std::string& line) { reader.line(line); });
    if (unfinished) *unfinished = lines.rest();
    return reader.log();
}

inline Verdict judged(std::string_view text) {
    std::string unfinished;
    const auto log = read(text, &unfinished);
    return judge(log, unfinished);
}

} // namespace exitaudit::test
