// Text from values without a heap: "{}" formatting into any sink.
//
// A replacement field is {}, {:x} (hexadecimal with 0x), {:9} (at least 9
// characters, right-aligned) or {:-9} (left-aligned).
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace console {

/// One value to be formatted: two words, because the guest builds hundreds of them. A negative number does
/// not occur in our output.
class Argument {
public:
    constexpr Argument(std::unsigned_integral auto number) : number_(number) {}
    constexpr Argument(std::signed_integral auto number) : number_(static_cast<std::uint64_t>(number)) {}
    constexpr Argument(std::string_view text) : text_(text.data() ? text.data() : ""), number_(text.size()) {}
    constexpr Argument(const char* text) : Argument(std::string_view(text)) {}

    bool is_text() const { return text_; }
    std::uint64_t number() const { return number_; }
    std::string_view text() const { return {text_, number_}; }
private:
    const char* text_ = nullptr; // of a number
    std::uint64_t number_;       // or the text's length
};

/// Where formatted text goes.
class Sink {
public:
    virtual void write(std::string_view text) = 0;

    /// Writes `pattern` with its fields replaced. A missing argument shows as
    /// "{?}": a mistake must not pass for a value.
    void vformat(std::string_view pattern, std::span<const Argument> arguments);

    template <typename... Values> void format(std::string_view pattern, const Values&... values) {
        const std::array<Argument, sizeof...(Values)> arguments{Argument(values)...};
        vformat(pattern, arguments);
    }
protected:
    ~Sink() = default;
};

/// Text in place, cut off at its capacity in bytes.
template <std::size_t Capacity> class Text final : public Sink {
public:
    Text() = default;

    template <typename... Values> explicit Text(std::string_view pattern, const Values&... values) {
        format(pattern, values...);
    }

    void write(std::string_view text) override {
        const auto fits = std::min(text.size(), Capacity - size_);
        std::copy_n(text.data(), fits, data_.data() + size_);
        size_ += fits;
    }

    void clear() { size_ = 0; }
    bool empty() const { return size_ == 0; }
    std::string_view view() const { return {data_.data(), size_}; }
private:
    std::array<char, Capacity> data_{};
    std::size_t size_ = 0;
};

}
