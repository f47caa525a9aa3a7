// Reading again and again: for a screen, or for a log.

#include "exitaudit/read/formats.hpp"
#include "exitaudit/read/terminal.hpp"
#include "exitaudit/support/file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <thread>

#include <unistd.h>

namespace exitaudit {
namespace {

using std::chrono::steady_clock;

constexpr auto help = "sort by: e exits  c cycles  p per exit  t total  n name    q quit";

std::optional<SortKey> sort_key(char key) {
    switch (key) {
    case 'e': return SortKey::exits;
    case 'c': return SortKey::cycles;
    case 'p': return SortKey::cost;
    case 't': return SortKey::total;
    case 'n': return SortKey::name;
    default: return std::nullopt;
    }
}

steady_clock::duration interval_of(const TopOptions& options) {
    return std::chrono::ceil<steady_clock::duration>(options.interval);
}

std::uint64_t tables_of(const TopOptions& options) {
    return options.once ? 1 : options.iterations ? *options.iterations : UINT64_MAX;
}

// "2026-11-23T05:40:00Z"
std::string time_of_day() {
    const auto now = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&now, &utc);
    char text[sizeof("2026-11-23T05:40:00Z")];
    std::strftime(text, sizeof(text), "%FT%TZ", &utc);
    return text;
}

using Sampler = std::function<Sample()>;

// Of each sample, what Prometheus reads is written, too.
Sampler with_openmetrics(const Sampler& take, const TopOptions& options) {
    if (options.openmetrics.empty()) return take;
    return [take, file = options.openmetrics, histograms = options.histogram] {
        auto sample = take();
        write_file(file, openmetrics_of(sample.rows, sample.numbering, histograms));
        return sample;
    };
}

void print_table(const Rates& rates, bool is_first) {
    fmt::print("{}{}: ", is_first ? "" : "\n", time_of_day());
    for (const auto& line : table_of(rates, rates.rows.size())) fmt::print("{}\n", line);
}

void log_rates(const Sampler& take, const TopOptions& options) {
    auto earlier = take();
    if (options.csv) fmt::print("{}", csv_header(earlier));
    for (std::uint64_t i = 0; i < tables_of(options); ++i) {
        std::this_thread::sleep_for(interval_of(options));
        auto later = take();
        auto rates = rates_between(earlier, later);
        std::erase_if(rates.rows, [](const Rate& rate) { return rate.new_exits == 0 && rate.cycles == 0; });
        sort_rates(rates.rows, options.sort);
        if (options.csv)
            fmt::print("{}", csv_of(rates, time_of_day()));
        else
            print_table(rates, i == 0);
        if (std::fflush(stdout) != 0)
            throw failure("cannot write to standard output: {}", std::strerror(errno));
        earlier = std::move(later);
    }
}

// The screen of `top`: the last two samples, in the order that the user wants.
class Screenful {
public:
    Screenful(Terminal& terminal, SortKey sort) : terminal_(terminal), sort_(sort) {}

    void take(Sample sample) {
        if (last_) rates_ = rates_between(*last_, sample);
        last_ = std::move(sample);
        show();
    }

    void sort_by(SortKey key) {
        sort_ = key;
        show();
    }

    void show() {
        if (!rates_) {
            terminal_.show({"exitaudit top: reading", "", help});
            return;
        }
        sort_rates(rates_->rows, sort_);
        constexpr std::size_t other_lines = 5; // with the help's
        auto lines = table_of(*rates_, terminal_.height() - std::min(terminal_.height(), other_lines));
        lines.front() = "exitaudit top: " + lines.front();
        lines.emplace_back(help);
        terminal_.show(lines);
    }
private:
    Terminal& terminal_;
    SortKey sort_;
    std::optional<Sample> last_;
    std::optional<Rates> rates_;
};

// Waits for the end of the interval. Returns the signal that ends all, 0 if none does; q and
// Ctrl-C, which are no failure, give SIGINT.
int serve_until(steady_clock::time_point end, Terminal& terminal, Screenful& screenful) {
    while (const auto event = terminal.wait_until(end)) {
        if (event->key == 'q') return SIGINT;
        if (event->signal == SIGWINCH)
            screenful.show();
        else if (event->signal)
            return event->signal;
        if (const auto key = sort_key(event->key)) screenful.sort_by(*key);
    }
    return 0;
}

int show_rates(const Sampler& take, const TopOptions& options) {
    Terminal terminal;
    Screenful screenful(terminal, options.sort);
    auto next = steady_clock::now();
    screenful.take(take());
    for (std::uint64_t i = 0; i < tables_of(options); ++i) {
        next = std::max(next + interval_of(options), steady_clock::now());
        if (const auto signal = serve_until(next, terminal, screenful)) return signal;
        screenful.take(take());
    }
    return 0;
}

} // namespace

int show_top(const Sampler& sampler, const TopOptions& options) {
    const auto take = with_openmetrics(sampler, options);
    if (options.batch || options.csv || options.once || isatty(STDOUT_FILENO) != 1)
        log_rates(take, options);
    else if (const auto signal = show_rates(take, options); signal && signal != SIGINT)
        raise(signal); // the terminal is restored
    return static_cast<int>(ExitCode::pass);
}

} // namespace exitaudit
