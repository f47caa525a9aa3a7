// The functions of a C library that GCC and the freestanding headers need.
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string_view>

// Otherwise GCC turns the loops below into calls of strlen() and the like: of themselves.
#pragma GCC optimize("no-tree-loop-distribute-patterns")

extern "C" {

void* memcpy(void* destination, const void* source, std::size_t bytes) {
    void* const result = destination;
    asm volatile("rep movsb" : "+D"(destination), "+S"(source), "+c"(bytes) : : "memory");
    return result;
}

void* memset(void* destination, int value, std::size_t bytes) {
    void* const result = destination;
    asm volatile("rep stosb" : "+D"(destination), "+c"(bytes) : "a"(value) : "memory");
    return result;
}

void* memmove(void* destination, const void* source, std::size_t bytes) {
    if (reinterpret_cast<std::uintptr_t>(destination) <= reinterpret_cast<std::uintptr_t>(source))
        return memcpy(destination, source, bytes);
    void* last_destination = static_cast<char*>(destination) + bytes - 1;
    const void* last_source = static_cast<const char*>(source) + bytes - 1;
    asm volatile("std; rep movsb; cld" : "+D"(last_destination), "+S"(last_source), "+c"(bytes) : : "memory");
    return destination;
}

int memcmp(const void* left, const void* right, std::size_t bytes) {
    const auto* a = static_cast<const unsigned char*>(left);
    const auto* b = static_cast<const unsigned char*>(right);
    for (; bytes; a++, b++, bytes--)
        if (*a != *b) return *a - *b;
    return 0;
}

void* memchr(const void* data, int value, std::size_t bytes) {
    for (const auto* at = static_cast<const unsigned char*>(data); bytes; at++, bytes--)
        if (*at == static_cast<unsigned char>(value)) return const_cast<unsigned char*>(at);
    return nullptr;
}

std::size_t strlen(const char* text) {
    const char* end = text;
    while (*end) end++;
    return static_cast<std::size_t>(end - text);
}
}

// string_view::substr() past the end is a bug: #UD, which dumps the registers. The headers call the one or
// the other, by GCC's version.
#if __GNUC__ < 13
void std::__throw_out_of_range_fmt(const char*, ...)
#else
void std::terminate() noexcept
#endif
{
    __builtin_trap();
}
