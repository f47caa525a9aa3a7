// Whatever the facts about a source are, the rules speak of lines that were handed in, or say nothing. The
// data are the source, a NUL, and what spatch might say about it.
#include "exitaudit/reading/reading.hpp"
#include "fuzz/require.hpp"

using namespace exitaudit::grade;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size > 8192) return 0; // time grows with the product of source and facts
    const auto text = exitaudit::fuzz::text(data, size);
    const auto end = text.find('\0');
    if (end == std::string::npos) return 0;
    PlacedFile file{"arch/x86/kvm/vmx/vmx.c", text.substr(0, end), {}, {}};
    const auto lines = lines_of(file.text).size();
    for (std::size_t line = 1; line <= lines; ++line) file.origins[line] = line;
    for (const auto& remark : remarks_about(Program({file}, Facts(text.substr(end + 1), "")))) {
        exitaudit::fuzz::require(remark.place.starts_with("vmx.c:"));
        const auto line = std::stoul(remark.place.substr(6));
        exitaudit::fuzz::require(line >= 1 && line <= lines && !remark.note.text.empty());
    }
    return 0;
}
