// Of any archive, nothing is made but regular files, within the limits, where it is unpacked.
#include "exitaudit/submission/archive.hpp"
#include "exitaudit/support/file.hpp"
#include "exitaudit/support/untrusted.hpp"
#include "fuzz/require.hpp"

using namespace exitaudit;
namespace fs = std::filesystem;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    static const TemporaryDirectory directory;
    const auto file = directory.path() / "archive", target = directory.path() / "target";
    write_file(file, fuzz::text(data, size));
    fs::create_directory(target);
    constexpr grade::ArchiveLimits limits{.kept_bytes = 1 << 16,
                                          .kept_files = 20,
                                          .seen_bytes = 1 << 20,
                                          .seen_entries = 100,
                                          .class_bytes = 1 << 22,
                                          .students = 5};
    const auto all = [](auto) { return true; };
    const auto parcels = grade::unpack(file, target, all, limits);
    fuzz::require(!parcels.empty() && parcels.size() <= limits.students + 2);
    for (const auto& parcel : parcels) {
        std::uintmax_t bytes = 0, count = 0;
        for (const auto& entry : fs::recursive_directory_iterator(parcel.directory)) {
            fuzz::require(entry.symlink_status().type() == fs::file_type::regular || entry.is_directory());
            bytes += entry.is_directory() ? 0 : entry.file_size();
            count += !entry.is_directory();
        }
        fuzz::require(bytes <= limits.kept_bytes && count <= limits.kept_files);
    }
    fs::remove_all(target);
    fuzz::require(std::distance(fs::directory_iterator(directory.path()), {}) == 1);
    return 0;
}
