// Archives by their names, and how learning platforms name what they pack for a whole class.
#include "exitaudit/submission/archive.hpp"
#include "exitaudit/submission/submission.hpp"

#include "exitaudit/support/pattern.hpp"

#include <algorithm>
#include <sstream>

namespace exitaudit::grade {

bool is_archive(std::string_view name) {
    static const Pattern archive(".*\\.(zip|tar|tgz|txz|tbz2?|tzst|tar\\.(gz|xz|bz2|zst)|7z|rar)",
                                 Pattern::Case::ignored);
    return archive.match(name.substr(name.rfind('/') + 1)).has_value();
}

bool is_junk(std::string_view name) {
    const auto file = name.substr(name.rfind('/') + 1); // npos + 1 is 0
    return name.starts_with("__MACOSX/") || name.find("/__MACOSX/") != std::string_view::npos ||
           file == "__MACOSX" || file.starts_with("._") || file == ".DS_Store" || file == "Thumbs.db" ||
           file == "desktop.ini";
}

Owner owner_of(const std::string& entry) {
    static const Pattern moodle("([^/]+/)?([^/]+)_([0-9]+)_assignsubmission_[a-z]+(_/?|/)(.*)"),
        canvas("([^/]+/)?([^/_]+)_(LATE_)?([0-9]{3,})_([0-9]{3,})_([^/]+)"),
        gradescope("([^/]+/)?submission_([0-9]+)/(.*)");
    if (const auto found = moodle.match(entry)) return {found->at(3), found->at(2), found->at(5)};
    if (const auto found = canvas.match(entry)) return {found->at(4), found->at(2), found->at(6)};
    if (const auto found = gradescope.match(entry))
        return {found->at(2), "submission_" + found->at(2), found->at(3)};
    return {{}, {}, entry};
}

std::map<std::string, std::string> names_in_metadata(const std::string& text) {
    static const Pattern submission("submission_([0-9]+): *"),
        person(" *-? *:name: *['\"]?([^'\"]*)['\"]? *");
    std::map<std::string, std::string> names;
    std::istringstream lines(text);
    std::string id;
    for (std::string line; std::getline(lines, line);) {
        if (const auto found = submission.match(line)) {
            id = found->at(1);
        } else if (const auto one = id.empty() ? std::nullopt : person.match(line)) {
            auto& all = names[id];
            all += (all.empty() ? "" : ", ") + one->at(1);
        }
    }
    return names;
}

std::vector<Submission> students_in(const std::filesystem::path& directory) {
    namespace fs = std::filesystem;
    std::map<std::string, Submission> students; // by id
    std::map<std::string, std::string> names;
    for (const auto& entry : fs::directory_iterator(directory)) {
        const auto& path = entry.path();
        const auto name = path.filename().string();
        if (is_junk(name) || name.find("_assignsubmission_onlinetext") != std::string::npos) continue;
        if (name == "submission_metadata.yml") {
            names = names_in_metadata(read_start(path, 64 << 20));
            continue;
        }
        const bool is_directory = entry.symlink_status().type() == fs::file_type::directory;
        const auto owner = owner_of(is_directory ? name + "/" : name);
        if (owner.id.empty()) return {};
        auto& student = students[owner.id];
        student.name = owner.name;
        student.id = owner.id;
        if (is_directory && student.path.empty()) {
            student.path = path;
            continue;
        }
        // Canvas' files
        if (!student.unpacked) student.unpacked = std::make_shared<const TemporaryDirectory>();
        student.path = student.unpacked->path();
        fs::copy(path, student.path / (is_directory ? name : owner.file),
                 fs::copy_options::recursive | fs::copy_options::copy_symlinks |
                     fs::copy_options::overwrite_existing);
    }
    std::vector<Submission> all;
    for (auto& [id, student] : students) {
        if (const auto known = names.find(id); known != names.end()) student.name = known->second;
        all.push_back(std::move(student));
    }
    std::ranges::stable_sort(all, {}, &Submission::name);
    return all;
}

} // namespace exitaudit::grade
