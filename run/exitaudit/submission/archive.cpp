// Unpacking by libarchive. Only file names and bytes are taken from an archive; each file is made anew.
#include "exitaudit/submission/archive.hpp"

#include "exitaudit/submission/archive_reader.hpp"
#include "exitaudit/support/exit_code.hpp"
#include "exitaudit/support/file.hpp"
#include "exitaudit/support/pattern.hpp"
#include "exitaudit/support/untrusted.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <memory>

namespace exitaudit::grade {
namespace {

namespace fs = std::filesystem;

// A Parcel while it is filled.
struct Filling {
    Parcel parcel;
    std::uintmax_t kept_bytes = 0, kept_files = 0, seen_bytes = 0, seen_entries = 0;
    bool is_tree = false; // of which nobody wants to know all that is left out
    std::map<std::string_view, std::vector<std::string>> left_out; // why, and which

    bool is_refused() const { return !parcel.refused.empty(); }
};

bool leads_out(const fs::path& name) {
    return name.is_absolute() || std::ranges::any_of(name, [](const auto& part) { return part == ".."; });
}

bool is_too_long(const fs::path& name) {
    return name.native().size() > 1000 ||
           std::ranges::any_of(name, [](const auto& part) { return part.native().size() > 200; });
}

class Unpacker {
public:
    Unpacker(const fs::path& root, const std::function<bool(std::string_view)>& wanted,
             const ArchiveLimits& limits)
        : root_(root), wanted_(wanted), limits_(limits) {}

    std::vector<Parcel> operator()(const fs::path& file) {
        read(file, nullptr, {});
        if (fillings_.size() > 1 && fillings_.contains("") && !fillings_[""].kept_files &&
            !fillings_[""].is_refused())
            fillings_.erase(""); // what the platform added
        std::vector<Parcel> parcels;
        for (auto& [id, filling] : fillings_) {
            if (const auto name = names_.find(id); name != names_.end()) filling.parcel.name = name->second;
            note_what_is_left_out(filling);
            parcels.push_back(std::move(filling.parcel));
        }
        std::ranges::stable_sort(parcels, {}, &Parcel::name);
        return parcels;
    }
private:
    // All of an archive. In one that is within another, all is `owner`'s.
    void read(const fs::path& file, Filling* owner, const fs::path& inside) {
        Filling* last = owner;
        try {
            ArchiveReader reader(file);
            std::uintmax_t position = 0;
            while (auto* entry = reader.next()) {
                if (last) charge(*last, reader.position() - position);
                position = reader.position();
                const auto& name = reader.name();
                const auto whose = owner ? Owner{{}, {}, name} : owner_of(name);
                last = owner ? owner : &filling_of(whose);
                ++last->seen_entries;
                if (!past_limits(*last, reader.to_pass(entry))) {
                    if (!is_junk(name)) take(reader, entry, whose, *last, inside, !owner);
                } else if (owner || whose.id.empty() || class_is_past_limits(reader.to_pass(entry))) {
                    return;
                }
            }
            if (!last) filling_of({});
        } catch (const Unreadable& error) {
            const Finding why{"refused",
                              fmt::format("{} cannot be unpacked ({}): hand in the patch itself, or make the "
                                          "archive again with zip or tar, without a password",
                                          sanitize(owner ? inside.string() : file.filename().string()),
                                          error.what())};
            // Of a class's, there is no telling who is missing, and the last may not be whole.
            auto* all = owner ? owner : &filling_of({});
            all->parcel.refused.push_back(why);
            if (last && last != all) last->parcel.refused.push_back(why);
        }
    }

    Filling& filling_of(const Owner& owner) {
        const auto [at, is_new] = fillings_.try_emplace(owner.id);
        if (!is_new) return at->second;
        if (fillings_.size() > limits_.students + 1 && !owner.id.empty())
            throw Unreadable(fmt::format("more than {} students are in it", limits_.students));
        auto& parcel = at->second.parcel;
        parcel.id = owner.id;
        parcel.name = owner.name;
        parcel.directory = root_ / std::to_string(fillings_.size());
        check_room(root_, 2 * limits_.kept_bytes);
        fs::create_directory(parcel.directory);
        return at->second;
    }

    void charge(Filling& filling, std::uintmax_t bytes) {
        filling.seen_bytes += bytes;
        class_bytes_ += bytes;
    }

    bool class_is_past_limits(std::uintmax_t to_pass) const {
        return class_bytes_ + to_pass > limits_.class_bytes;
    }

    // Then it is refused.
    bool past_limits(Filling& filling, std::uintmax_t to_pass) {
        const auto refuse = [&](const std::string& what) {
            if (!filling.is_refused())
                filling.parcel.refused.push_back(
                    {"refused", fmt::format("the archive holds more than {}: hand in a patch, or only the "
                                            "files of KVM that are changed",
                                            what)});
        };
        if (filling.seen_entries > limits_.seen_entries)
            refuse(fmt::format("{} files", limits_.seen_entries));
        if (filling.kept_files > limits_.kept_files)
            refuse(fmt::format("{} patches and sources", limits_.kept_files));
        if (filling.kept_bytes > limits_.kept_bytes)
            refuse(fmt::format("{} MiB of patches and sources", limits_.kept_bytes >> 20));
        if (filling.seen_bytes + to_pass > limits_.seen_bytes || class_is_past_limits(to_pass))
            refuse(fmt::format("{} MiB when unpacked", limits_.seen_bytes >> 20));
        return filling.is_refused();
    }

    void take(ArchiveReader& reader, archive_entry* entry, const Owner& whose, Filling& filling,
              const fs::path& inside, bool is_outermost) {
        const auto& name = whose.file;
        if (archive_entry_filetype(entry) == AE_IFDIR || name.empty()) return;
        filling.is_tree |= ("/" + name).find("/arch/x86/kvm/") != std::string::npos;
        const auto leave_out = [&](std::string_view why) { filling.left_out[why].push_back(name); };
        if (leads_out(name)) return leave_out("their names lead out of the archive");
        if (is_too_long(name)) return leave_out("their names are too long");
        if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry))
            return leave_out("links and devices are not unpacked");
        if (("/" + name).find("/.git/") != std::string::npos) {
            filling.left_out["a repository is not looked at in an archive"] = {".git"};
        } else if (is_archive(name)) {
            if (!is_outermost) return leave_out("archives this deep are not unpacked");
            unpack_nested(reader, filling, name);
        } else if (is_outermost && whose.id.empty() &&
                   fs::path(name).filename() == "submission_metadata.yml") {
            names_ = names_in_metadata(content(reader, filling));
        } else if (wanted_(name)) {
            keep(content(reader, filling), filling, inside / name);
        } else {
            leave_out(neither);
        }
    }

    std::string content(ArchiveReader& reader, Filling& filling) {
        std::string text;
        for (auto bytes = reader.bytes(); !bytes.empty(); bytes = reader.bytes()) {
            charge(filling, bytes.size());
            filling.kept_bytes += bytes.size();
            if (past_limits(filling, 0)) break;
            text += bytes;
        }
        return text;
    }

    void keep(const std::string& text, Filling& filling, const fs::path& name) {
        ++filling.kept_files;
        if (filling.is_refused()) return;
        const auto path = filling.parcel.directory / name;
        std::error_code error;
        fs::create_directories(path.parent_path(), error);
        if (error || fs::is_directory(path, error))
            filling.left_out["a file and a directory have one name"].push_back(name.string());
        else
            write_file(path, text);
    }

    void unpack_nested(ArchiveReader& reader, Filling& filling, const std::string& name) {
        const TemporaryDirectory directory;
        const auto file = directory.path() / "nested";
        {
            std::ofstream stream(file, std::ios::binary);
            for (auto bytes = reader.bytes(); !bytes.empty() && stream; bytes = reader.bytes()) {
                charge(filling, bytes.size());
                if (past_limits(filling, 0)) return;
                stream << bytes;
            }
            stream.close();
            if (!stream) throw failure("{} takes no more", directory.path().string());
        }
        read(file, &filling, name);
    }

    static void note_what_is_left_out(Filling& filling) {
        if (filling.is_tree) filling.left_out.erase(neither);
        for (const auto& [why, names] : filling.left_out)
            filling.parcel.notes.push_back(
                {"left-out", fmt::format("left out, as {}: {}", why, first_names(names))});
    }

    static constexpr std::string_view neither =
        "neither patches nor KVM's C sources, headers or modules by their names (vmx.c, cpuid.c, a.patch)";

    fs::path root_;
    const std::function<bool(std::string_view)>& wanted_;
    ArchiveLimits limits_;
    std::map<std::string, Filling> fillings_; // by the id of the owner
    std::map<std::string, std::string> names_;
    std::uintmax_t class_bytes_ = 0;
};

} // namespace

std::vector<Parcel> unpack(const fs::path& archive, const fs::path& directory,
                           const std::function<bool(std::string_view)>& wanted, const ArchiveLimits& limits) {
    return Unpacker(directory, wanted, limits)(archive);
}

} // namespace exitaudit::grade
