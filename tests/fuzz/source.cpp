// Whatever a file of theirs or a hunk has, what is placed in ours is ours and lines of theirs.
#include "exitaudit/reading/source.hpp"
#include "exitaudit/submission/mail.hpp"
#include "exitaudit/submission/place.hpp"
#include "fuzz/require.hpp"

#include <algorithm>

using namespace exitaudit::grade;

namespace {

const std::string ours = R"(#include <linux/kvm_host.h>

struct vcpu {
	int cpu; /* a number */
};

static int handle_exit(struct vcpu *vcpu, int path)
{
	int index = vcpu->cpu;

	if (path) {
		return 1;
	}
	return handlers[index](vcpu);
}

int emulate_cpuid(struct vcpu *vcpu)
{
	u32 eax = read_rax(vcpu), ebx;

	cpuid(vcpu, &eax, &ebx);
	write_rax(vcpu, eax);
	return 1;
}
)";

// Each line is one of ours, or comes from where it is said to come from.
void require_origins(const PlacedFile& placed, const std::vector<std::string>& theirs, std::size_t skip) {
    const auto lines = lines_of(placed.text);
    const auto kernel = lines_of(ours);
    for (std::size_t line = 1; line <= lines.size(); ++line) {
        const auto origin = placed.origins.find(line);
        if (origin != placed.origins.end())
            exitaudit::fuzz::require(theirs.at(origin->second - 1).substr(skip) == lines[line - 1]);
        else
            exitaudit::fuzz::require(std::find(kernel.begin(), kernel.end(), lines[line - 1]) !=
                                     kernel.end());
    }
    (void)changed_items(placed);
}

void place_file(const std::string& text) {
    for (const auto reach : {Reach::neighbours, Reach::statements}) {
        std::vector<ComparedFile> files;
        files.push_back({"arch/x86/kvm/cpuid.c", CSource(text), CSource(ours), {CSource(ours)}});
        pair_lines(files[0]);
        select_ledger_lines(files, identifiers(ours), reach);
        require_origins(place_kept_lines(files[0]), files[0].theirs.lines(), 0);
    }
}

void place_patch(const std::string& text) {
    static const SourceFiles files{"arch/x86/kvm/cpuid.c"};
    const auto patch = read_patch(text, "fuzz", files);
    const auto lines = lines_of(plain_text(text));
    for (const auto& change : patch.changes) {
        require_origins(place_hunks(change, CSource(ours)), lines, 1);
        for (const auto& hunk : change.hunks) (void)lines_after(hunk);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    // The alignment's time grows with the product of both sizes, and so does the search for what was
    // rewritten.
    if (size > 4096) return 0;
    const auto text = exitaudit::fuzz::text(data, size);
    place_file(text);
    place_patch(text);
    return 0;
}
