// Reading unified diffs, and what is refused in them.
#include "exitaudit/submission/patch.hpp"

#include "exitaudit/submission/mail.hpp"
#include "exitaudit/support/pattern.hpp"
#include "exitaudit/support/take.hpp"
#include "exitaudit/support/untrusted.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace exitaudit::grade {
namespace {

std::vector<std::string_view> split_lines(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

// How many lines a hunk covers before and after.
struct Extent {
    unsigned long before = 0, after = 0;
};

// "@@ -12,7 +12,9 @@ …"; a missing length is 1.
std::optional<Extent> hunk_extent(std::string_view line) {
    Extent extent;
    for (const auto& [mark, length] : {std::pair{"@@ -", &extent.before}, std::pair{" +", &extent.after}}) {
        if (!take_prefix(line, mark) || !take_number(line)) return std::nullopt;
        *length = 1;
        if (!take_prefix(line, ",")) continue;
        const auto value = take_number(line);
        if (!value) return std::nullopt;
        *length = *value;
    }
    return line.starts_with(" @@") ? std::optional(extent) : std::nullopt;
}

// The name after "--- " or "+++ ", without diff's time stamp and git's quotes.
std::string_view name_in(std::string_view line) {
    line.remove_prefix(4);
    line = line.substr(0, line.find('\t'));
    while (line.ends_with(' ')) line.remove_suffix(1);
    if (take_prefix(line, "\"") && line.ends_with('"')) line.remove_suffix(1);
    return line;
}

// Lines of a git header that ask for more than a change of text.
struct RefusedLine {
    std::string_view start, why;
};
constexpr std::array refused_lines{
    RefusedLine{"GIT binary patch", "is binary"},
    RefusedLine{"Binary files ", "is binary"}, // of diff -r, too
    RefusedLine{"rename from ", "renames a file"},
    RefusedLine{"rename to ", "renames a file"},
    RefusedLine{"copy from ", "copies a file"},
    RefusedLine{"new mode 12", "makes a symbolic link"},
    RefusedLine{"new mode 16", "makes a submodule"},
    RefusedLine{"new file mode 12", "makes a symbolic link"},
    RefusedLine{"new file mode 16", "makes a submodule"},
    RefusedLine{"deleted file mode ", "deletes a file"},
};

// Can the rest be built without this file, which may_change() does not allow? Not if it decides how KVM is
// built, or is a source that the kernel has already.
bool is_dispensable(std::string_view path, bool creates) {
    static const Pattern beside("(tools|Documentation|samples|include/generated|include/config)/.*"),
        build("(.*/)?(Makefile|Kbuild|Kconfig)[^/]*|.*[.](lds|S|h|mk)"), source(".*[.]c");
    if (path.empty() || path.front() == '/' || may_change(path)) return false;
    return beside.match(path) || (!build.match(path) && (creates || !source.match(path)));
}

// "Binary files A and B differ"
std::string_view binary_name(std::string_view line) {
    constexpr std::string_view start = "Binary files ", end = " differ";
    line = line.substr(start.size(), line.size() - start.size() - end.size());
    const auto between = line.find(" and ");
    const auto after = between == std::string_view::npos ? line : line.substr(between + 5);
    return after == "/dev/null" ? line.substr(0, between) : after;
}

class Reader {
public:
    Reader(std::string_view bytes, const std::string& source, const SourceFiles& files)
        : text_(plain_text(bytes)), lines_(split_lines(text_)), source_(sanitize(source)), files_(files) {}

    Patch operator()() {
        while (at_ < lines_.size()) {
            if (starts_file())
                file();
            else
                other_line();
        }
        leave_out();
        if (patch_.changes.empty() && patch_.refused.empty())
            patch_.refused.push_back(
                {"no-patch", fmt::format("{} holds no unified diff: {}", source_, remedy())});
        return std::move(patch_);
    }
private:
    std::string_view ahead(std::size_t lines) const {
        return at_ + lines < lines_.size() ? lines_[at_ + lines] : "";
    }

    bool starts_context_diff() const {
        return ahead(0).starts_with("*** ") && ahead(1).starts_with("--- ") &&
               ahead(2).starts_with("***************");
    }

    bool starts_file() const {
        return ahead(0).starts_with("--- ") && ahead(1).starts_with("+++ ") && ahead(2).starts_with("@@ ");
    }

    void refuse(std::string_view what, std::string_view why) {
        patch_.refused.push_back(
            {"refused", fmt::format("{} line {}: {} {}", source_, at_ + 1, sanitize(what), why)});
    }

    std::string remedy() const {
        static const Pattern attached("name=\"?([^\";]+[.](zip|tar|tgz|txz|tar[.][a-z0-9]+|7z|rar))\"?",
                                      Pattern::Case::ignored);
        const auto found = attached.search(text_);
        return found ? fmt::format("hand in {} itself, which is attached to the mail", sanitize(found->at(1)))
                     : "make it with diff -u or git diff";
    }

    // Refuses it, unless something else is left of the patch.
    void refuse_file(const std::string& path, bool creates, std::string_view what, std::string_view why) {
        refuse(what, why);
        if (is_dispensable(path, creates)) left_out_.push_back(path);
    }

    void leave_out() {
        if (left_out_.empty() || left_out_.size() != patch_.refused.size()) return;
        patch_.is_beside = patch_.changes.empty();
        if (patch_.is_beside) return;
        patch_.refused.clear();
        left_out_.erase(std::unique(left_out_.begin(), left_out_.end()), left_out_.end());
        patch_.notes.push_back(
            {"left-out", "left out, as none of KVM's C sources and headers: " + first_names(left_out_)});
    }

    // Outside of git's header, the same words may be in a commit message.
    void other_line() {
        const auto line = ahead(0);
        if (line.starts_with("diff --git "))
            in_git_ = place_in_source(line.substr(line.rfind(' ') + 1), files_);
        in_header_ = line.starts_with("diff --git ") || (in_header_ && !line.empty());
        const auto found =
            std::ranges::find_if(refused_lines, [&](const auto& r) { return line.starts_with(r.start); });
        const bool of_diff = line.starts_with("Binary files ") && line.ends_with(" differ");
        if (found != refused_lines.end() && (in_header_ || of_diff)) {
            const bool is_less = found->why == "is binary" || found->why == "deletes a file";
            const auto path = of_diff ? place_in_source(binary_name(line), files_) : in_git_;
            refuse_file(is_less ? path : "", true, "the patch", found->why);
        } else if (in_header_ && line.starts_with("new mode "))
            patch_.notes = {{"mode-ignored", source_ + " changes modes of files, which is ignored"}};
        if (starts_context_diff()) refuse("the patch", "is a context diff: make it with diff -u");
        ++at_;
    }

    // Of "cpuid.c" and "cpuid-new.c", the first.
    std::string place(std::string_view before, std::string_view after) const {
        auto path = place_in_source(after == "/dev/null" ? before : after, files_);
        auto old_path = place_in_source(before, files_);
        return !may_change(path) && files_.contains(old_path) ? old_path : path;
    }

    void file() {
        in_header_ = false;
        const auto before = name_in(ahead(0)), after = name_in(ahead(1));
        FileChange change{place(before, after), source_, before == "/dev/null", {}};
        if (after == "/dev/null")
            refuse_file(change.path, false, before, "is deleted");
        else if (change.path.empty())
            refuse(after, "is absolute or leads out of the source: make the patch with paths like "
                          "a/arch/x86/kvm/x86.c");
        else if (!may_change(change.path))
            refuse_file(change.path, change.creates, change.path, "is none of KVM's C sources and headers");
        else if (!change.creates && !files_.contains(change.path))
            refuse(change.path, "is not in this kernel");
        at_ += 2;
        while (const auto extent = hunk_extent(ahead(0)))
            if (!hunk(*extent, change)) break;
        if (ahead(0).starts_with("@@ ")) refuse("the hunk that starts there", "has no valid line numbers");
        if (may_change(change.path)) patch_.changes.push_back(std::move(change));
    }

    bool hunk(Extent left, FileChange& change) {
        Hunk hunk{at_ + 1, fmt::format("{}\n", ahead(0))};
        const auto start = at_++;
        while (left.before || left.after) {
            // A mailer removed the space of a blank line.
            const char kind = ahead(0).empty() ? ' ' : ahead(0).front();
            const bool in_before = kind == ' ' || kind == '-', in_after = kind == ' ' || kind == '+';
            if (kind != '\\' && ((!in_before && !in_after) || left.before < in_before ||
                                 left.after < in_after || at_ >= lines_.size())) {
                at_ = start;
                refuse("the hunk that starts there", "is cut off, or its line counts are wrong");
                at_ = start + 1;
                return false;
            }
            left.before -= kind != '\\' && in_before;
            left.after -= kind != '\\' && in_after;
            hunk.text += ahead(0).empty() ? " \n" : fmt::format("{}\n", ahead(0));
            ++at_;
        }
        if (ahead(0).starts_with("\\ ")) {
            hunk.text += fmt::format("{}\n", ahead(0));
            ++at_;
        }
        change.hunks.push_back(std::move(hunk));
        return true;
    }

    std::string text_;
    std::vector<std::string_view> lines_;
    std::string source_;
    const SourceFiles& files_;
    std::size_t at_ = 0;
    bool in_header_ = false;            // after "diff --git"
    std::string in_git_;                // the file that it names
    std::vector<std::string> left_out_; // each is refused, too
    Patch patch_;
};

constexpr std::array<std::string_view, 5> roots{"arch/x86/", "include/linux/", "include/uapi/",
                                                "include/kvm/", "virt/kvm/"};

// The ends of a path, each starting with a whole name, longest first.
std::vector<std::string_view> ends_of(std::string_view path) {
    std::vector<std::string_view> ends{path};
    for (auto slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1))
        ends.push_back(path.substr(slash + 1));
    return ends;
}

} // namespace

std::string place_in_source(std::string_view name, const SourceFiles& files) {
    if (name.starts_with("./")) name.remove_prefix(2);
    auto ends = ends_of(name);
    const auto leads_up = [](auto end) { return end.substr(0, end.find('/')) == ".."; };
    const auto up = std::find_if(ends.rbegin(), ends.rend(), leads_up);
    const bool is_inside = up == ends.rend() && !name.starts_with('/');
    ends.erase(ends.begin(), up.base());
    std::erase_if(ends, [](auto end) { return end.empty() || end.front() == '/'; });
    for (const auto end : ends)
        if (files.contains(end)) return std::string(end);
    // "vmx/vmx.c", or only "cpuid.c"; "arch/x86/kvm/svm.c" of a kernel before 5.7
    for (const auto end : ends) {
        const auto is_it = [&](const auto& file) {
            return file.starts_with("arch/x86/kvm/") && file.ends_with(fmt::format("/{}", end));
        };
        if (std::ranges::count_if(files, is_it) == 1) return *std::ranges::find_if(files, is_it);
    }
    if (const auto plain = without_copy_number(name); plain != name)
        if (auto place = place_in_source(plain, files); files.contains(place)) return place;
    for (const auto end : ends)
        if (std::ranges::any_of(roots, [&](auto root) { return end.starts_with(root); }))
            return std::string(end);
    if (!is_inside) return {};
    return std::string(name.starts_with("a/") || name.starts_with("b/") ? name.substr(2) : name);
}

std::string without_copy_number(std::string_view name) {
    static const Pattern copy("(.*[^ ])(-[0-9]+| [(][0-9]+[)])([.][ch])");
    const auto found = copy.match(name);
    return found ? found->at(1) + found->at(3) : std::string(name);
}

bool may_change(std::string_view path) {
    static const Pattern kvm("arch/x86/kvm/([A-Za-z0-9_-]+/)*[A-Za-z0-9_-]+\\.[ch]"
                             "|arch/x86/include/(uapi/)?asm/(kvm|vmx|svm)[A-Za-z0-9_-]*\\.h"
                             "|include/(uapi/)?linux/kvm[A-Za-z0-9_-]*\\.h"
                             "|virt/kvm/[A-Za-z0-9_-]+\\.[ch]");
    return path.size() < 200 && !path.ends_with("/kvm-asm-offsets.h") && kvm.match(path);
}

Patch read_patch(std::string_view text, const std::string& source, const SourceFiles& files) {
    return Reader(text, source, files)();
}

std::string added_text(const Hunk& hunk) {
    std::string text;
    for (const auto line : split_lines(hunk.text))
        if (line.starts_with('+')) text += fmt::format("{}\n", line.substr(1));
    return text;
}

std::string Patch::text() const {
    std::string text;
    for (const auto& change : changes) {
        text += fmt::format("--- {}\n+++ {}\n", change.creates ? "/dev/null" : change.path, change.path);
        for (const auto& hunk : change.hunks) text += hunk.text;
    }
    return text;
}

void Patch::append(Patch other) {
    std::move(other.changes.begin(), other.changes.end(), std::back_inserter(changes));
    std::move(other.refused.begin(), other.refused.end(), std::back_inserter(refused));
    std::move(other.notes.begin(), other.notes.end(), std::back_inserter(notes));
}

} // namespace exitaudit::grade
