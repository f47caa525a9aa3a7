// What happens when a time limit is reached.
#include "machine/timeout.hpp"

#include "machine/interrupts.hpp"

namespace machine {
namespace {

constinit GivenUp on_given_up = nullptr;

}

void set_up_waiting(GivenUp given_up) { on_given_up = given_up; }

void give_up(std::string_view awaited, const Cpu& whose) {
    disable_interrupts();
    on_given_up(awaited, whose);
    __builtin_unreachable();
}

}
