// Reads the sampler's lines.
#include "exitaudit/boot/log.hpp"
#include "exitaudit/boot/report.hpp"

#include <charconv>
#include <sstream>
#include <algorithm>

namespace exitaudit {
namespace {

constexpr std::string_view line_word = "@line ", sample_word = "@sample ", end_word = "@end ";
constexpr std::string_view phase_word = "#phase ", clock_word = "#kernel-clock ", failed_word = "#failed ";
constexpr std::string_view look_word = "#look", read_word = "#read ";

constexpr double ns_per_second = 1e9;

} // namespace

LedgerRow row_of(const ExitRows& rows, std::uint64_t exit) {
    const auto found = rows.find(exit);
    return found == rows.end() ? LedgerRow{} : found->second;
}

ExitRows BootPhase::rows() const {
    ExitRows grown;
    for (const auto& [exit, row] : end.rows) {
        const auto [count, cycles] = row_of(begin.rows, exit);
        if (row.count != count || row.cycles != cycles)
            grown[exit] = {row.count - count, row.cycles - cycles};
    }
    return grown;
}

std::string_view BootLog::line(std::string_view text) {
    if (text.starts_with(line_word)) return console_line(text.substr(line_word.size()));
    if (text.starts_with(sample_word)) {
        sample_line(text.substr(sample_word.size()));
    } else if (text.starts_with(end_word)) {
        double time = 0;
        std::istringstream words{std::string(text.substr(end_word.size()))};
        ended_ = static_cast<bool>(words >> time >> status_ >> reading_);
    }
    return {};
}

// "TIME {NAME COUNT CYCLES}...": what is not named is as before.
void BootLog::sample_line(std::string_view text) {
    std::istringstream words{std::string(text)};
    auto sample = samples_.back();
    double time = 0;
    if (!(words >> time)) return;
    sample.seconds = time / ns_per_second;
    LedgerRow row;
    for (std::string name; words >> name >> row.count >> row.cycles;) {
        std::uint64_t exit = 0;
        if (name == "total")
            sample.total = row;
        else if (name == "undefined")
            sample.undefined = row;
        else if (std::from_chars(name.data(), name.data() + name.size(), exit).ec == std::errc())
            sample.rows[exit] = row;
    }
    samples_.push_back(std::move(sample));
}

// "TIME TEXT". The sampler has sampled just before it wrote down a mark.
std::string_view BootLog::console_line(std::string_view text) {
    spoke_ = true;
    const auto said = text.substr(std::min(text.find(' ') + 1, text.size()));
    if (said.starts_with(phase_word)) {
        const auto mark = said.substr(phase_word.size());
        const auto name = mark.substr(0, mark.find(' '));
        const auto note = name.size() == mark.size() ? std::string_view() : mark.substr(name.size() + 1);
        marks_.push_back({std::string(name), std::string(note), samples_.size() - 1});
        mark_bytes_ += said.size() + 2; // and CR, LF
    } else if (said.starts_with(clock_word) && !marks_.empty()) {
        double clock = 0;
        if (std::istringstream(std::string(said.substr(clock_word.size()))) >> clock)
            kernel_start_ = samples_[marks_.back().sample].seconds - clock;
        mark_bytes_ += said.size() + 2;
    } else if (said.starts_with(failed_word)) {
        failures_.emplace_back(said.substr(failed_word.size()));
    } else if (said == look_word) {
        looks_.push_back(samples_.back());
    } else if (said.starts_with(read_word)) {
        read_line(said.substr(read_word.size()));
    }
    return said;
}

void BootLog::read_line(std::string_view text) {
    GuestReading reading;
    const auto code = std::from_chars(text.data(), text.data() + text.size(), reading.exit_code);
    const auto document = std::min(text.find('{'), text.size());
    const auto command = static_cast<std::size_t>(code.ptr - text.data());
    reading.command = text.substr(command, document - command);
    while (reading.command.ends_with(' ')) reading.command.pop_back();
    reading.command.erase(0, reading.command.find_first_not_of(' '));
    if (auto ledger = nlohmann::json::parse(text.substr(document), nullptr, false); ledger.is_object())
        reading.ledger = std::move(ledger);
    readings_.push_back(std::move(reading));
}

std::vector<BootPhase> BootLog::phases() const {
    std::vector<Mark> marks{{"boot", "", 0}};
    if (kernel_start_ >= 0) {
        std::size_t begin = 0;
        while (begin + 1 < samples_.size() && samples_[begin + 1].seconds <= kernel_start_) begin++;
        marks = {{"firmware", "", 0}, {"kernel", "", begin}};
    }
    marks.insert(marks.end(), marks_.begin(), marks_.end());

    std::vector<BootPhase> phases;
    for (std::size_t i = 0; i < marks.size(); i++) {
        const auto end = i + 1 < marks.size() ? marks[i + 1].sample : samples_.size() - 1;
        phases.push_back({marks[i].name, marks[i].note, samples_[marks[i].sample], samples_[end],
                          i >= marks.size() - marks_.size()});
    }
    return phases;
}

std::vector<Stretch> stretches(const std::vector<BootSample>& samples) {
    std::vector<Stretch> list;
    constexpr double most = 24; // lines on a screen
    const double shortest = samples.back().seconds / most;
    const auto* begin = &samples.front();
    for (const auto& sample : samples) {
        const double seconds = sample.seconds - begin->seconds;
        if (seconds <= 0 || seconds < shortest) continue;
        list.push_back({begin, &sample});
        begin = &sample;
    }
    if (!list.empty()) list.back().end = &samples.back();
    return list;
}

} // namespace exitaudit
