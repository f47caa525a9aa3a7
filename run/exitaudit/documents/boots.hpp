// The exits of several boots side by side: what a variant of the guest or the host changes.
#pragma once

#include "exitaudit/documents/document.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace exitaudit {

// A value for each boot; none: it has no such phase or reason.
struct BootsRow {
    std::string name;
    std::vector<std::optional<std::uint64_t>> exits;
};

struct Boots {
    std::vector<std::string> names; // of the files, without directory and extension
    // Circumstances that are not the same in all: their names, and a text for each boot.
    std::vector<std::pair<std::string, std::vector<std::string>>> differences;
    BootsRow totals;
    std::vector<BootsRow> phases;  // in the order of the first boot
    std::vector<BootsRow> reasons; // by the first boot's count
};

// Of documents of kind `boot`.
Boots side_by_side(const std::vector<NamedDocument>& boots);

// A column for each boot and its ratio to the first.
std::string boots_text(const Boots& boots);

// docs/json.md, kind `comparison`.
nlohmann::json boots_document(const Boots& boots);

} // namespace exitaudit
