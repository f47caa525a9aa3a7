// What a lane's host runs where that is not the audited guest.
#pragma once

#include "exitaudit/lanes/overlay.hpp"

#include <string>
#include <vector>

namespace exitaudit {

struct OwnGuest {
    std::string command; // for the host's shell; its standard output is what the lane listens to
    std::vector<OverlayFile> files;
};

} // namespace exitaudit
