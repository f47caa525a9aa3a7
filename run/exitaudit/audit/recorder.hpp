// A guest's serial log while it arrives.
#pragma once

#include "exitaudit/log/lines.hpp"
#include "exitaudit/log/log.hpp"

namespace exitaudit {

class Recorder {
public:
    // `names`: what the guest will run, in order.
    explicit Recorder(std::vector<std::string_view> names = {}) : names_(std::move(names)) {}

    // Takes bytes in any portions. Calls `take` with each complete line and its kind.
    template <typename Take> void feed(std::string_view bytes, Take take) {
        bytes_ += bytes;
        lines_.feed(bytes, [&](const std::string& line) { take(line, reader_.line(line)); });
    }

    // Which of the names the guest is in now. Empty if its log does not say.
    std::string_view current() const {
        const auto done = log().results.size();
        return log().planned == names_.size() && done < names_.size() ? names_[done] : std::string_view();
    }

    const Log& log() const { return reader_.log(); }
    const std::string& bytes() const { return bytes_; }
    std::string unfinished() const { return lines_.rest(); } // what came after the last newline
private:
    std::string bytes_;
    std::vector<std::string_view> names_;
    LineSplitter lines_;
    LogReader reader_;
};

} // namespace exitaudit
