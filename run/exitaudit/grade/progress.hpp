// Progress: a line for each step; on a terminal one line that is rewritten.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace exitaudit::grade {

class Progress {
public:
    explicit Progress(std::size_t all);

    void next(const std::string& name);
    void stage(const std::string& what);
    void tick() const;
    void clear() const;
    std::chrono::seconds elapsed() const; // since next()

private:
    std::string line() const;

    std::size_t all_, number_ = 0;
    bool terminal_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::string name_, what_;
};

} // namespace exitaudit::grade
