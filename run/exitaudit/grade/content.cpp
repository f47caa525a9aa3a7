// Hashes what people hand in.
#include "exitaudit/grade/content.hpp"

#include "exitaudit/support/sha256.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace exitaudit::grade {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t hashed_limit = 64 << 20; // of a file

// A line as sha256sum writes it. No symbolic link is followed.
std::string file_line(const fs::path& path, const std::string& name) {
    const bool is_file = fs::symlink_status(path).type() == fs::file_type::regular;
    return fmt::format("{}  {}\n", is_file ? sha256(read_start(path, hashed_limit)) : "-", name);
}

// A tree has more files than ours to look at: only KVM's count.
std::string lines_of(const fs::path& directory, bool is_tree) {
    std::vector<std::string> lines;
    for (const auto& entry :
         fs::recursive_directory_iterator(directory, fs::directory_options::skip_permission_denied))
        if (const auto name = entry.path().lexically_relative(directory).string();
            is_tree ? may_change(name) : ("/" + name + "/").find("/.git/") == std::string::npos)
            lines.push_back(file_line(entry.path(), name));
    std::ranges::sort(lines);
    std::string text;
    for (const auto& line : lines) text += line;
    return text;
}

std::string diff_of(const Change& change) {
    auto text = change.attempts.empty() ? std::string() : change.attempts.front()().patch.text();
    for (const auto* findings : {&change.refused, &change.notes})
        for (const auto& finding : *findings) text += finding.text + '\n';
    return text;
}

std::string text_of(Submission submission, const Base& base) {
    look_into(submission);
    if (submission.is_kernel()) return fmt::format("{} from {}", submission.tip, submission.start);
    const bool is_tree = submission.kind == Submission::Kind::tree;
    if (is_tree && fs::exists(fs::symlink_status(submission.path / ".git")))
        if (const auto change = change_of(submission, base); !change.of_files) return diff_of(change);
    if (fs::is_directory(submission.path)) return lines_of(submission.path, is_tree);
    return sha256(read_start(submission.path, hashed_limit));
}

} // namespace

std::string content_of(const Submission& submission, const Base& base, std::string_view options) {
    try {
        return sha256(fmt::format("{}\n{}", options, text_of(submission, base)));
    } catch (const std::exception&) { // its row says why
        return {};
    }
}

} // namespace exitaudit::grade
