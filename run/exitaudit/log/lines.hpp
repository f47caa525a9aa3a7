// Turns a serial port's bytes into lines of printable text.
#pragma once

#include <string>
#include <string_view>

namespace exitaudit {

// Without carriage returns, terminal escape sequences (firmware writes them) and
// other unprintable bytes.
std::string printable(std::string_view line);

// Splits a stream of bytes into lines.
class LineSplitter {
public:
    // Calls `take` with each line completed by these bytes, made printable.
    template <typename Take> void feed(std::string_view bytes, Take take) {
        pending_ += bytes;
        std::size_t start = 0;
        for (std::size_t end; (end = pending_.find('\n', start)) != std::string::npos; start = end + 1)
            take(printable(std::string_view(pending_).substr(start, end - start)));
        pending_.erase(0, start);
    }

    // What came after the last newline.
    std::string rest() const { return printable(pending_); }
private:
    std::string pending_;
};

// A function of bytes that calls `take` with each line.
template <typename Take> auto by_line(Take take) {
    return [take, lines = LineSplitter()](std::string_view bytes) mutable { lines.feed(bytes, take); };
}

} // namespace exitaudit
